import { readFileSync } from 'node:fs';
import type { FleetProcess } from '@roomstream/testing/fleet-process';

/**
 * Pids of the processes of a gateway with `--processes`, as its supervisor has them now, in the order of their numbers,
 * which are their first argument: the kernel lists one that was started again last. Linux.
 */
export function processesOf(gateway: FleetProcess): number[] {
  return readFileSync(`/proc/${gateway.pid}/task/${gateway.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number)
    .sort((one, other) => numberOf(one) - numberOf(other));
}

function numberOf(pid: number): number {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  return Number(words[words.findIndex((word) => word.endsWith('process-main.js')) + 1]);
}

/** Open connections of each process, in their order. */
export async function connectionsOf(gateway: FleetProcess, processes: number): Promise<number[]> {
  return Promise.all(
    Array.from({ length: processes }, (_, at) =>
      gateway.metric('roomstream_gateway_process_connections', `process="${at + 1}"`),
    ),
  );
}
