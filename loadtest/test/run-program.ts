import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Ended, endOf } from './end-of.ts';

/** Runs `npm run tokens`' program, with the access key test/test. */
export function runTokens(args: readonly string[]): Promise<Ended> {
  return runProgram('tokens', args);
}

/** Runs a program of bin/ to its end, as npm does. */
export async function runProgram(name: string, args: readonly string[]): Promise<Ended> {
  const main = fileURLToPath(new URL(`../../bin/${name}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  return endOf(child);
}
