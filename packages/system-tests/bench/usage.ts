import { readFileSync } from 'node:fs';
import { redisCommand } from '@roomstream/testing/redis-command';
import { cpuSeconds, residentKb } from '../src/process-usage.ts';
import type { RunningPeer } from './peers/peer.ts';

/** CPU-seconds of a peer so far, or between two moments. */
export type Usage = {
  /** All its processes but Redis. */
  readonly servers: number;
  readonly redis: number;
  /** Of each process that holds connections. */
  readonly each: readonly number[];
};

/** What the peer has used until now. */
export async function usageOf(peer: RunningPeer): Promise<Usage> {
  const each = peer.servers.map(cpuSeconds);
  const servers = [...each, ...peer.others.map(cpuSeconds)].reduce((sum, one) => sum + one, 0);
  const redis = peer.redisPort === undefined ? 0 : await redisCpu(peer.redisPort);
  return { servers, redis, each };
}

/** What it has used since. */
export async function usageSince(peer: RunningPeer, before: Usage): Promise<Usage> {
  const now = await usageOf(peer);
  return {
    servers: now.servers - before.servers,
    redis: now.redis - before.redis,
    each: now.each.map((one, n) => one - (before.each[n] ?? 0)),
  };
}

/** CPU-seconds of a Redis so far. */
export async function redisCpu(port: number): Promise<number> {
  const info = await redisCommand(port, 'INFO', 'cpu');
  const parts = [...info.matchAll(/^used_cpu_(?:sys|user):([0-9.]+)/gm)];
  return parts.reduce((sum, [, seconds]) => sum + Number(seconds), 0);
}

/** Resident memory of the processes that hold connections, in KB. */
export function serversKb(peer: RunningPeer): readonly number[] {
  return peer.servers.map(residentKb);
}

/** Ticks of all processors since the machine started: idle, taken by the host for others, and in all. */
export function machineTimes(): { readonly idle: number; readonly stolen: number; readonly all: number } {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  // user, nice, system, idle, iowait, irq, softirq, steal; guests are part of user.
  const ticks = line.trim().split(/ +/).slice(1, 9).map(Number);
  const all = ticks.reduce((sum, one) => sum + one, 0);
  return { idle: (ticks[3] ?? 0) + (ticks[4] ?? 0), stolen: ticks[7] ?? 0, all };
}
