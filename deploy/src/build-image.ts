import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Dockerfile, Stage, Step } from './dockerfile.ts';
import { runRooted } from './rooted.ts';

const run = promisify(execFile);

/** What a Dockerfile makes: a root folder, and how its program runs. */
export type Image = {
  readonly root: string;
  readonly workdir: string;
  readonly user: string;
  readonly env: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly entrypoint: readonly string[];
  readonly healthcheck: readonly string[];
};

/** How it is built. */
export type Build = {
  readonly dockerfile: Dockerfile;
  /** The folder that COPY copies from; its .dockerignore holds. */
  readonly context: string;
  /** Roots of the images that FROM may name. */
  readonly bases: Readonly<Record<string, string>>;
  /** A folder for the roots of the stages. What a stage has done before the first argument that differs is kept there. */
  readonly scratch: string;
};

type State = {
  readonly root: string;
  workdir: string;
  user: string;
  readonly args: Record<string, string>;
  readonly env: Record<string, string>;
  readonly volumes: string[];
  entrypoint: readonly string[];
  healthcheck: readonly string[];
};

/** Variables of this machine by which programs find the network; builders have ways of their own for that. */
const ofTheNetwork = Object.fromEntries(
  Object.entries(process.env).filter(([name]) =>
    /(_proxy|_CA_CERTS|_CAFILE|_CERT_FILE|_CA_BUNDLE)$/i.test(name),
  ),
);

/**
 * Does what the Dockerfile says, step by step, for each of the services in turn: their common steps once, as a builder's cache
 * would, those behind `ARG SERVICE` for each. Yields their images by service.
 */
export async function buildImages(
  build: Build,
  services: readonly string[],
): Promise<ReadonlyMap<string, Image>> {
  const { globals, stages } = build.dockerfile;
  const final = stages.at(-1);
  if (final === undefined) throw new Error('no FROM');
  const roots = new Map<string, State>();
  const given: Record<string, string> = {};
  for (const stage of stages.slice(0, -1)) {
    const state = await begin(build, stage, globals, stage.name ?? 'stage');
    for (const step of common(stage)) await perform(build, state, step, roots, given);
    roots.set(stage.name ?? '', state);
  }
  const images = new Map<string, Image>();
  for (const service of services) {
    given['SERVICE'] = service;
    for (const stage of stages.slice(0, -1)) {
      const state = roots.get(stage.name ?? '');
      if (state === undefined) continue;
      for (const target of copiedFrom(final, stage.name))
        if (target.startsWith('/app')) rmSync(join(state.root, target), { recursive: true, force: true });
      for (const step of stage.steps.slice(common(stage).length))
        await perform(build, state, step, roots, given);
    }
    const state = await begin(build, final, globals, service);
    for (const step of final.steps) await perform(build, state, step, roots, given);
    const { root, workdir, user, env, volumes, entrypoint, healthcheck } = state;
    images.set(service, { root, workdir, user, env, volumes, entrypoint, healthcheck });
  }
  return images;
}

const common = ({ steps }: Stage): readonly Step[] => {
  const at = steps.findIndex((step) => step.kind === 'arg' && step.name === 'SERVICE');
  return at === -1 ? steps : steps.slice(0, at);
};

function copiedFrom({ steps }: Stage, name: string | undefined): readonly string[] {
  return steps.flatMap((step) => (step.kind === 'copy' && step.stage === name ? [step.source] : []));
}

async function begin(
  { bases, scratch }: Build,
  stage: Stage,
  globals: Readonly<Record<string, string>>,
  name: string,
): Promise<State> {
  const image = expanded(stage.image, globals);
  const base = bases[image];
  if (base === undefined) throw new Error(`FROM ${image}: there is only ${Object.keys(bases).join(', ')}`);
  const root = join(scratch, name);
  await run('cp', ['-a', base, root]);
  return {
    root,
    workdir: '/',
    user: '0:0',
    args: {},
    env: {},
    volumes: [],
    entrypoint: [],
    healthcheck: [],
  };
}

async function perform(
  { context }: Build,
  state: State,
  step: Step,
  roots: ReadonlyMap<string, State>,
  given: Readonly<Record<string, string>>,
): Promise<void> {
  const { root, args, env } = state;
  const value = (text: string) => expanded(text, { ...args, ...env });
  switch (step.kind) {
    case 'arg':
      args[step.name] = given[step.name] ?? value(step.fallback ?? '');
      return;
    case 'env':
      for (const [name, text] of Object.entries(step.values)) env[name] = value(text);
      return;
    case 'workdir':
      state.workdir = resolve(state.workdir, value(step.value));
      mkdirSync(join(root, state.workdir), { recursive: true });
      return;
    case 'user':
      state.user = step.value;
      return;
    case 'volume':
      state.volumes.push(step.value);
      return;
    case 'entrypoint':
      state.entrypoint = step.command;
      return;
    case 'healthcheck':
      state.healthcheck = step.command;
      return;
    case 'run':
      await runRooted(
        { root, workdir: state.workdir, env: { ...ofTheNetwork, HOME: '/root', ...args, ...env } },
        ['/bin/sh', '-c', step.script],
      );
      return;
    case 'copy': {
      const target = join(root, resolve(state.workdir, step.target));
      if (step.stage === undefined) return copyContext(context, step.source, target);
      const from = roots.get(step.stage)?.root;
      if (from === undefined) throw new Error(`COPY --from=${step.stage}: there is no such stage`);
      mkdirSync(dirname(target), { recursive: true });
      cpSync(join(from, step.source), target, { recursive: true, verbatimSymlinks: true });
      return;
    }
    default:
      step satisfies never;
  }
}

/** Copies what .dockerignore leaves. Its patterns are tar's as long as they exclude names, anywhere (two stars and a slash before it) or at the top. */
async function copyContext(context: string, source: string, target: string): Promise<void> {
  if (source !== '.') throw new Error(`COPY ${source}: only all of it`);
  const lines = readFileSync(join(context, '.dockerignore'), 'utf8').split('\n');
  const excludes = lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      if (line.startsWith('!')) throw new Error(`.dockerignore: ${line} is new to this reader`);
      return line.startsWith('**/') ? `--exclude=${line.slice(3)}` : `--exclude=./${line}`;
    });
  mkdirSync(target, { recursive: true });
  const pipe = 'from=$1 to=$2; shift 2; tar -C "$from" "$@" -cf - . | tar -C "$to" -xf -';
  await run('bash', ['-o', 'pipefail', '-c', pipe, 'bash', context, target, ...excludes]);
}

function expanded(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{?(\w+)\}?/g, (_, name: string) => values[name] ?? '');
}
