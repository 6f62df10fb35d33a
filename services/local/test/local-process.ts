import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '@roomstream/testing/eventually';
import type { Running } from '../src/running-file.ts';

/** The repository's folder. */
export const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** What a finished process said. */
export type Finished = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

/** The environment of a newcomer's shell with ports that the system chooses and a folder of the test's own. */
export function localEnvironment(folder: string, further: Record<string, string> = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    ROOMSTREAM_IS_SET_UP: process.env['ROOMSTREAM_IS_SET_UP'] ?? 'true',
    ROOMSTREAM_LOCAL_FOLDER: folder,
    ROOMSTREAM_CONTROL_PLANE_PORT: '0',
    ROOMSTREAM_GATEWAY_PORT: '0',
    ROOMSTREAM_ADMIN_PORT: '0',
    ...further,
  };
}

/** A program under test and what it has said so far. */
export type Program = {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  finished(): Promise<Finished>;
};

/** Starts a program in the repository's folder; `input` is all of its stdin, undefined leaves that open. */
export function startProgram(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input?: string,
): Program {
  const child = spawn(command, args, { cwd: root, env });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const end = () => child.kill('SIGTERM');
  process.once('exit', end);
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      process.off('exit', end);
      resolve({ status, stdout, stderr });
    });
  });
  // A program that ends before it has read its input is told by its status.
  child.stdin.on('error', () => undefined);
  if (input !== undefined) child.stdin.end(input);
  return { child, stdout: () => stdout, stderr: () => stderr, finished: () => finished };
}

/** Resolves with where it is once it says that it is up. */
export async function untilUp(program: Program, folder: string): Promise<Running> {
  await eventually(() => {
    if (program.child.exitCode !== null) throw new Error(`it ended: ${program.stdout()}${program.stderr()}`);
    if (!program.stdout().includes('Roomstream is up'))
      throw new Error(`it is not up: ${program.stdout()}${program.stderr()}`);
  }, 60_000);
  return JSON.parse(readFileSync(join(folder, 'running.json'), 'utf8')) as Running;
}

/** Starts `npm start`'s program itself. */
export function startLocalProcess(folder: string, further: Record<string, string> = {}): Program {
  return startProgram(process.execPath, ['services/local/bin/start.mjs'], localEnvironment(folder, further));
}

/** Runs the chat command to its end. */
export function chat(folder: string, args: readonly string[], input: string): Promise<Finished> {
  const script = ['services/local/bin/chat.mjs', ...args];
  return startProgram(process.execPath, script, localEnvironment(folder), input).finished();
}
