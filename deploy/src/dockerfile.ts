import { readFileSync } from 'node:fs';
import { type Copy, DockerfileParser, type From } from 'dockerfile-ast';

/** One instruction of a stage, as far as our Dockerfile needs it. */
export type Step =
  | { readonly kind: 'arg'; readonly name: string; readonly fallback: string | undefined }
  | { readonly kind: 'env'; readonly values: Readonly<Record<string, string>> }
  | { readonly kind: 'workdir' | 'user' | 'volume'; readonly value: string }
  | {
      readonly kind: 'copy';
      readonly stage: string | undefined;
      readonly source: string;
      readonly target: string;
    }
  | { readonly kind: 'run'; readonly script: string }
  | { readonly kind: 'entrypoint' | 'healthcheck'; readonly command: readonly string[] };

/** From one FROM to the next. */
export type Stage = {
  readonly name: string | undefined;
  readonly image: string;
  readonly steps: readonly Step[];
};

/** A Dockerfile: arguments before the first FROM, with their defaults, and stages. */
export type Dockerfile = {
  readonly globals: Readonly<Record<string, string>>;
  readonly stages: readonly Stage[];
};

type Instruction = ReturnType<ReturnType<typeof DockerfileParser.parse>['getInstructions']>[number];

/** Reads a Dockerfile; throws at an instruction that it doesn't know what to do with. */
export function readDockerfile(path: string): Dockerfile {
  const globals: Record<string, string> = {};
  const stages: { name: string | undefined; image: string; steps: Step[] }[] = [];
  for (const instruction of DockerfileParser.parse(readFileSync(path, 'utf8')).getInstructions()) {
    if (instruction.getKeyword() === 'FROM') {
      const from = instruction as From;
      stages.push({ name: from.getBuildStage() ?? undefined, image: from.getImage() ?? '', steps: [] });
      continue;
    }
    const step = stepOf(instruction);
    const stage = stages.at(-1);
    if (stage !== undefined) stage.steps.push(...(step === undefined ? [] : [step]));
    else if (step?.kind === 'arg') globals[step.name] = step.fallback ?? '';
    else throw new Error(`${instruction.getKeyword()} before FROM`);
  }
  return { globals, stages };
}

/** undefined: it says something to readers alone. */
function stepOf(instruction: Instruction): Step | undefined {
  const keyword = instruction.getKeyword();
  const text = instruction.getArgumentsContent() ?? '';
  switch (keyword) {
    case 'ARG': {
      const [name = '', ...rest] = text.split('=');
      return { kind: 'arg', name, fallback: rest.length === 0 ? undefined : unquoted(rest.join('=')) };
    }
    case 'ENV': {
      const pairs = text.split(/\s+/).map((pair): [string, string] => {
        const at = pair.indexOf('=');
        if (at < 1) throw new Error(`ENV ${text}: NAME=value is what this reader knows`);
        return [pair.slice(0, at), unquoted(pair.slice(at + 1))];
      });
      return { kind: 'env', values: Object.fromEntries(pairs) };
    }
    case 'WORKDIR':
    case 'USER':
    case 'VOLUME':
      return { kind: keyword.toLowerCase() as 'workdir' | 'user' | 'volume', value: text };
    case 'COPY': {
      const [source, target, ...others] = instruction.getArguments().map((argument) => argument.getValue());
      if (source === undefined || target === undefined || others.length > 0) throw new Error(`COPY ${text}`);
      return {
        kind: 'copy',
        stage: (instruction as Copy).getFromFlag()?.getValue() ?? undefined,
        source,
        target,
      };
    }
    case 'RUN':
      // Its flags say what a builder may cache.
      return { kind: 'run', script: text.replace(/^(--\S+\s+)+/, '') };
    case 'ENTRYPOINT':
      return { kind: 'entrypoint', command: execForm(text) };
    case 'HEALTHCHECK':
      return { kind: 'healthcheck', command: execForm(text) };
    case 'EXPOSE':
      return undefined;
    default:
      throw new Error(`${keyword} is new to this reader`);
  }
}

/** The exec form: no shell stands between the engine and the program. */
function execForm(text: string): readonly string[] {
  const at = text.indexOf('[');
  if (at === -1) throw new Error(`${text}: the exec form, a JSON array, is what this reader knows`);
  return JSON.parse(text.slice(at)) as readonly string[];
}

const unquoted = (text: string): string => text.replace(/^"(.*)"$/s, '$1');
