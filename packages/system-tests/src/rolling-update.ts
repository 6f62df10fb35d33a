import { eventually } from '@roomstream/testing/eventually';
import type { FleetProcess } from '@roomstream/testing/fleet-process';
import { type MovingCrowd, openMovingCrowd, type Verdict } from './moving-crowd.ts';

/** A rolling update under a crowd. */
export type RollingUpdate = {
  readonly users: number;
  readonly rooms: number;
  /** Processes that the clients share. */
  readonly processes: number;
  readonly gateways: number;
  /** Messages a second of all rooms together. */
  readonly rate: number;
  /** Connections that a gateway sends away per second at most. */
  readonly drainPerSecond: number;
};

/** What came of it. */
export type Updated = Verdict & {
  /** How long each gateway took to stop, milliseconds, and its exit code. */
  readonly stops: readonly { readonly tookMs: number; readonly code: number | null }[];
};

const admitSeconds = 3;

/** Replaces one gateway after the other as Kubernetes does with maxSurge 1 and maxUnavailable 0, on a stage of its own. */
export async function runRollingUpdate(update: RollingUpdate): Promise<Updated> {
  const drainSeconds = Math.ceil(update.users / update.gateways / update.drainPerSecond);
  const moving = await openMovingCrowd(update, {
    gateways: update.gateways,
    accountQuotas: { tokenLifeSeconds: 600 },
    gatewayEnv: {
      ROOMSTREAM_GATEWAY_ADMIT_WHILE_DRAINING_SECONDS: `${admitSeconds}`,
      ROOMSTREAM_GATEWAY_DRAIN_SECONDS: `${drainSeconds}`,
      ROOMSTREAM_GATEWAY_DRAIN_PER_SECOND: `${update.drainPerSecond}`,
      ROOMSTREAM_GATEWAY_DRAIN_ROUND_MS: '200',
      ROOMSTREAM_STOP_SECONDS: '300',
    },
  });
  try {
    await moving.crowd.speak(update.rate);
    const stops: Updated['stops'][number][] = [];
    for (const old of moving.stage.fleet.gateways) stops.push(await replace(moving, old));
    return { ...(await moving.judge()), stops };
  } finally {
    await moving.close();
  }
}

async function replace(
  { stage, endpoints }: MovingCrowd,
  old: FleetProcess,
): Promise<Updated['stops'][number]> {
  const next = await stage.fleet.addGateway();
  endpoints.add(next);
  await eventually(() => endpoints.includes(next));
  const begunMs = performance.now();
  const code = await old.kill('SIGTERM');
  return { tookMs: performance.now() - begunMs, code };
}
