import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Fleet, type FleetOptions, fleetAccount, startFleet } from '@roomstream/testing/fleet';
import type { FleetProcess } from '@roomstream/testing/fleet-process';
import { type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { type Api, openApi } from './api.ts';

/** Any deployment of Redis. */
export type StageRedis = { readonly url: string; stop(): Promise<void> };

/** Redis, a fleet and the API of one test file. */
export type Stage<R extends StageRedis = RedisServer> = {
  readonly redis: R;
  readonly fleet: Fleet;
  readonly api: Api;
  /** The n-th gateway. */
  gateway(index: number): FleetProcess;
  /** The n-th review worker. */
  reviewWorker(index: number): FleetProcess;
  /** The n-th log shipper. */
  logShipper(index: number): FleetProcess;
  /** The gateway's URL, as clients take it. */
  url(index: number): string;
  close(): Promise<void>;
};

/** What a stage may have beyond a fleet's options. */
export type StageOptions = Partial<Omit<FleetOptions, 'redis'>> & {
  /** Quotas of the fleet's account that differ from `unlimited`, as in ROOMSTREAM_ACCOUNTS_FILE. */
  readonly accountQuotas?: Readonly<Record<string, number>>;
};

/** Starts everything; two gateways and one control plane by default, and no review worker or log shipper. */
export async function openStage(options: StageOptions = {}): Promise<Stage> {
  return openStageOn(await startRedis(), options);
}

/** The same on a Redis that is given; it stops with the stage, or when the stage can't be opened. */
export async function openStageOn<R extends StageRedis>(
  redis: R,
  options: StageOptions = {},
): Promise<Stage<R>> {
  const { accountQuotas, ...fleetOptions } = options;
  const folder = mkdtempSync(join(tmpdir(), 'roomstream-stage-'));
  try {
    const fleet = await startFleet({
      gateways: 2,
      controlPlanes: 1,
      redis,
      ...fleetOptions,
      env: { ...fleetOptions.env, ...accountsEnvironment(folder, accountQuotas) },
    });
    const api = openApi(fleet);
    const gateway = (index: number) => {
      const found = fleet.gateways[index];
      if (found === undefined) throw new Error(`the fleet has no gateway ${index}`);
      return found;
    };
    const reviewWorker = (index: number) => {
      const found = fleet.reviewWorkers[index];
      if (found === undefined) throw new Error(`the fleet has no review worker ${index}`);
      return found;
    };
    const logShipper = (index: number) => {
      const found = fleet.logShippers[index];
      if (found === undefined) throw new Error(`the fleet has no log shipper ${index}`);
      return found;
    };
    return {
      redis,
      fleet,
      api,
      gateway,
      reviewWorker,
      logShipper,
      url: (index) => gateway(index).url,
      close: async () => {
        api.close();
        await fleet.stop();
        await redis.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await redis.stop();
    throw error;
  }
}

function accountsEnvironment(
  folder: string,
  quotas: StageOptions['accountQuotas'],
): Readonly<Record<string, string>> {
  if (quotas === undefined) return {};
  const file = join(folder, 'accounts.json');
  writeFileSync(file, JSON.stringify({ accounts: { [fleetAccount]: { quotas } } }));
  return { ROOMSTREAM_ACCOUNTS_FILE: file };
}
