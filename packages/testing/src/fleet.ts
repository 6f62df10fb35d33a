import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FleetProcess, startFleetProcess } from './fleet-process.ts';

/** What a fleet consists of. */
export type FleetOptions = {
  readonly gateways: number;
  readonly controlPlanes: number;
  /** None by default. */
  readonly reviewWorkers?: number;
  /** None by default. */
  readonly logShippers?: number;
  /** What `startRedis` gives, or anything with a Redis URL. */
  readonly redis: { readonly url: string };
  /** Further environment of every process; it wins over the fleet's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Further environment of gateways only. */
  readonly gatewayEnv?: Readonly<Record<string, string>>;
  /** Command line of gateways: `['--processes', '2']`. */
  readonly gatewayArgs?: readonly string[];
  /** Further environment of control planes only. */
  readonly controlPlaneEnv?: Readonly<Record<string, string>>;
  /** Further environment of review workers only. */
  readonly reviewWorkerEnv?: Readonly<Record<string, string>>;
  /** Further environment of log shippers only. */
  readonly logShipperEnv?: Readonly<Record<string, string>>;
  /** Content of the credentials file; by default `test`/`test` of account 000000000000 may do everything. */
  readonly credentials?: unknown;
};

/** Real services as processes of their own, as an operator runs them. */
export type Fleet = {
  readonly region: string;
  readonly account: string;
  /** What the official clients take as `credentials`. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly gateways: readonly FleetProcess[];
  readonly controlPlanes: readonly FleetProcess[];
  readonly reviewWorkers: readonly FleetProcess[];
  readonly logShippers: readonly FleetProcess[];
  /** Folder of the credentials and key files. */
  readonly folder: string;
  /** The path of the credentials file; tests may rewrite it. */
  readonly credentialsFile: string;
  /** Starts one more gateway; it is stopped with the fleet. */
  addGateway(env?: Readonly<Record<string, string>>): Promise<FleetProcess>;
  /** Starts one more control plane; it is stopped with the fleet. */
  addControlPlane(env?: Readonly<Record<string, string>>): Promise<FleetProcess>;
  /** Starts one more review worker; it is stopped with the fleet. */
  addReviewWorker(env?: Readonly<Record<string, string>>): Promise<FleetProcess>;
  /** Starts one more log shipper; it is stopped with the fleet. */
  addLogShipper(env?: Readonly<Record<string, string>>): Promise<FleetProcess>;
  /** Ends all processes at once (SIGKILL) and removes the folder. */
  stop(): Promise<void>;
};

/** Account, region and key of a fleet, those of `npm start`. */
export const fleetAccount = '000000000000';
export const fleetRegion = 'us-west-2';
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' } as const;

/** A credentials file in which `test`/`test` may do everything. */
export const allowAll = {
  accounts: {
    [fleetAccount]: {
      users: {
        test: {
          accessKeys: [credentials],
          policies: [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }],
        },
      },
    },
  },
};

/**
 * Starts gateways, control planes, review workers and log shippers from their `dist/src/main.js` and resolves when all are ready. Quotas are
 * `unlimited` unless `env` says otherwise. Rejects with the output of the process that didn't become ready.
 */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const folder = mkdtempSync(join(tmpdir(), 'roomstream-fleet-'));
  const credentialsFile = join(folder, 'credentials.json');
  writeFileSync(credentialsFile, JSON.stringify(options.credentials ?? allowAll), { mode: 0o600 });
  const common = {
    REDIS_URL: options.redis.url,
    ROOMSTREAM_REGION: fleetRegion,
    ROOMSTREAM_QUOTAS: 'unlimited',
    ROOMSTREAM_CREDENTIALS_FILE: credentialsFile,
    ROOMSTREAM_TOKEN_KEY_FILE: join(folder, 'token.keys'),
    ...options.env,
  };
  const started: FleetProcess[] = [];
  const start = async (
    kind: FleetProcess['kind'],
    env: Readonly<Record<string, string>> | undefined,
    args: readonly string[] = [],
  ) => {
    const process = await startFleetProcess(kind, { ...common, ...env }, args);
    started.push(process);
    return process;
  };
  const addGateway = (env?: Readonly<Record<string, string>>) =>
    start('gateway', { ...options.gatewayEnv, ...env }, options.gatewayArgs);
  const addControlPlane = (env?: Readonly<Record<string, string>>) =>
    start('control-plane', { ...options.controlPlaneEnv, ...env });
  const addReviewWorker = (env?: Readonly<Record<string, string>>) =>
    start('review-worker', { ...options.reviewWorkerEnv, ...env });
  const addLogShipper = (env?: Readonly<Record<string, string>>) =>
    start('log-shipper', { ...options.logShipperEnv, ...env });
  const stop = async () => {
    await Promise.all(started.map((process) => process.kill('SIGKILL')));
    rmSync(folder, { recursive: true, force: true });
  };
  const all = (count: number, add: () => Promise<FleetProcess>) =>
    Promise.allSettled(Array.from({ length: count }, () => add()));
  const [gateways, controlPlanes, reviewWorkers, logShippers] = await Promise.all([
    all(options.gateways, addGateway),
    all(options.controlPlanes, addControlPlane),
    all(options.reviewWorkers ?? 0, addReviewWorker),
    all(options.logShippers ?? 0, addLogShipper),
  ]);
  const failed = [...gateways, ...controlPlanes, ...reviewWorkers, ...logShippers].find(
    (result) => result.status === 'rejected',
  );
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  return {
    region: fleetRegion,
    account: fleetAccount,
    // A copy: the SDK writes into the object that it is given.
    credentials: { ...credentials },
    gateways: fulfilled(gateways),
    controlPlanes: fulfilled(controlPlanes),
    reviewWorkers: fulfilled(reviewWorkers),
    logShippers: fulfilled(logShippers),
    folder,
    credentialsFile,
    addGateway,
    addControlPlane,
    addReviewWorker,
    addLogShipper,
    stop,
  };
}

function fulfilled<T>(results: readonly PromiseSettledResult<T>[]): T[] {
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
