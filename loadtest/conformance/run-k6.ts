import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { k6Program } from '@roomstream/testing/k6';
import { type Ended, endOf } from '../test/end-of.ts';

/** What a run of k6 came to. Status 0: all thresholds held; 99: one didn't. */
export type K6Run = Ended & {
  /** A value of a metric: `count`, `rate`, `p(95)`…; 0 when it isn't there. */
  metric(name: string, value: string): number;
};

type Metrics = Readonly<Record<string, Readonly<Record<string, number>>>>;

const scripts = fileURLToPath(new URL('../../scenarios/', import.meta.url));

/** Runs a script of scenarios/ with these variables, and nothing else of this process's environment. */
export async function runScenario(name: string, variables: Readonly<Record<string, string>>): Promise<K6Run> {
  const folder = mkdtempSync(join(tmpdir(), 'roomstream-k6-'));
  const summary = join(folder, 'summary.json');
  // No address: several run at once, and nobody asks them anything.
  const options = ['--quiet', '--no-color', '--address', '', '--summary-export', summary];
  const { status, output } = await k6(['run', ...options, join(scripts, `${name}.ts`)], variables);
  const metrics =
    status === 0 || status === 99 ? (JSON.parse(readFileSync(summary, 'utf8')).metrics as Metrics) : {};
  rmSync(folder, { recursive: true, force: true });
  return { status, output, metric: (metric, value) => metrics[metric]?.[value] ?? 0 };
}

/** Runs k6 to its end. */
export async function k6(
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const env = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    K6_NO_USAGE_REPORT: 'true',
    ...variables,
  };
  const child = spawn(await k6Program(), args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const ended = await endOf(child);
  process.off('exit', end);
  return ended;
}
