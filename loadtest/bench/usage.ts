import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds, residentKb } from '@roomstream/system-tests/process-usage';
import type { Stage } from '@roomstream/system-tests/stage';
import { redisCommand } from '@roomstream/testing/redis-command';

/** CPU-seconds of each process. */
export type Usage = {
  readonly seconds: number;
  readonly redis: number;
  readonly gateways: readonly number[];
  readonly controlPlane: number;
  readonly shipper: number;
};

/** Seconds in which nothing happens, before what costs something. */
const idleSeconds = 5;

/** What `work` used beyond what the processes use when nothing happens. */
export async function usedBy(stage: Stage, work: () => Promise<unknown>): Promise<Usage> {
  const zero = await look(stage);
  await delay(idleSeconds * 1000);
  const before = await look(stage);
  await work();
  const after = await look(stage);
  const idle = difference(zero, before);
  const used = difference(before, after);
  const share = used.seconds / idle.seconds;
  return {
    seconds: used.seconds,
    redis: used.redis - idle.redis * share,
    gateways: used.gateways.map((value, n) => value - (idle.gateways[n] ?? 0) * share),
    controlPlane: used.controlPlane - idle.controlPlane * share,
    shipper: used.shipper - idle.shipper * share,
  };
}

/** Resident memory of a gateway, KB. */
export function gatewayKb(stage: Stage): number {
  return residentKb(stage.gateway(0).pid);
}

async function look(stage: Stage): Promise<Usage> {
  const info = await redisCommand(stage.redis.port, 'INFO', 'cpu');
  const part = (name: string) => Number(new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1]);
  return {
    seconds: performance.now() / 1000,
    redis: part('used_cpu_sys') + part('used_cpu_user'),
    gateways: stage.fleet.gateways.map(({ pid }) => cpuSeconds(pid)),
    controlPlane: cpuSeconds(stage.fleet.controlPlanes[0]?.pid ?? 0),
    shipper: cpuSeconds(stage.logShipper(0).pid),
  };
}

function difference(before: Usage, after: Usage): Usage {
  return {
    seconds: after.seconds - before.seconds,
    redis: after.redis - before.redis,
    gateways: after.gateways.map((value, n) => value - (before.gateways[n] ?? 0)),
    controlPlane: after.controlPlane - before.controlPlane,
    shipper: after.shipper - before.shipper,
  };
}
