import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import type { Row } from './table.ts';

/** What the figures depend on. */
export function machineFacts(): readonly Row[] {
  const processors = cpus();
  return [
    ['commit', commit()],
    ['date', new Date().toISOString().slice(0, 10)],
    ['processors', `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown'}`],
    ['memory', `${Math.round(totalmem() / 2 ** 30)} GB`],
    ['load average before the run', (loadavg()[0] ?? 0).toFixed(2)],
    ['system', `Linux ${release()}, Node ${process.versions.node}, ${redisVersion()}`],
  ];
}

function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const isChanged = git('status', '--porcelain', '--untracked-files=no') !== '';
  return `${git('rev-parse', '--short=12', 'HEAD')}${isChanged ? ', with changes' : ''}`;
}

function redisVersion(): string {
  const text = execFileSync('redis-server', ['--version'], { encoding: 'utf8' });
  return `Redis ${/v=([0-9.]+)/.exec(text)?.[1] ?? 'of unknown version'}`;
}
