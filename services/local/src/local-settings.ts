import { join } from 'node:path';
import { controlPlaneSettings } from '@roomstream/control-plane/settings';
import { gatewaySettings } from '@roomstream/gateway/settings';
import { logShipperSettings } from '@roomstream/log-shipper/settings';
import { reviewWorkerSettings } from '@roomstream/review-worker/settings';
import { processSettings } from '@roomstream/runtime/process';
import { text } from '@roomstream/runtime/setting-kinds';
import {
  type Environment,
  readSettings,
  type Settings,
  SettingsError,
  type SettingsTable,
} from '@roomstream/runtime/settings';
import { socketPathIn } from './data-folder.ts';
import { localSettings, withFallbacks } from './settings.ts';

/** Everything that one process with all services needs to know. */
export type AllSettings = {
  readonly local: Settings<typeof localSettings>;
  readonly process: Settings<typeof processSettings>;
  readonly controlPlane: Settings<typeof controlPlaneSettings>;
  readonly gateway: Settings<typeof gatewaySettings>;
  readonly reviewWorker: Settings<typeof reviewWorkerSettings>;
  readonly logShipper: Settings<typeof logShipperSettings>;
  /** The unix socket of the redis-server child; undefined when REDIS_URL names another Redis. */
  readonly redisSocket: string | undefined;
  readonly credentialsFile: string;
};

const loopback = '127.0.0.1';

/** Reads all tables, with a laptop's defaults. Throws one SettingsError that names the faults of all of them. */
export function readAllSettings(environment?: Environment): AllSettings {
  const faults = new Set<string>();
  const read = <T extends SettingsTable>(table: T): Settings<T> | undefined => {
    try {
      return readSettings(table, environment);
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      for (const fault of error.faults) faults.add(fault);
      return undefined;
    }
  };
  const local = read(localSettings);
  const folder = local?.folder ?? '.roomstream';
  const redisSocket =
    local === undefined || local.redisUrl !== undefined ? undefined : socketPathIn(folder, 'redis.sock');
  const tables = tablesFor(folder, redisSocket, local?.kmsKeyId !== undefined);
  const process = read(tables.process);
  const controlPlane = read(tables.controlPlane);
  const gateway = read(tables.gateway);
  const reviewWorker = read(tables.reviewWorker);
  const logShipper = read(tables.logShipper);
  if (
    local === undefined ||
    process === undefined ||
    controlPlane === undefined ||
    gateway === undefined ||
    reviewWorker === undefined ||
    logShipper === undefined
  )
    throw new SettingsError([...faults]);
  return {
    local,
    process,
    controlPlane,
    gateway,
    reviewWorker,
    logShipper,
    redisSocket,
    credentialsFile: controlPlane.credentialsFile,
  };
}

/** The services' tables with the defaults that hold here. */
function tablesFor(folder: string, redisSocket: string | undefined, hasKms: boolean) {
  const redis = redisSocket === undefined ? {} : { redisUrl: `unix://${redisSocket}` };
  const common = {
    ...redis,
    ...(hasKms ? {} : { tokenKeyFile: join(folder, 'token.keys') }),
  };
  return {
    // What is worth a line on a laptop is what went wrong.
    process: withFallbacks(processSettings, { adminHost: loopback, logLevel: 'warn' }),
    controlPlane: withFallbacks(
      // The file in the folder isn't written yet; one of the user's own is looked for by the setting of this package.
      { ...controlPlaneSettings, credentialsFile: text(controlPlaneSettings.credentialsFile) },
      { ...common, host: loopback, credentialsFile: join(folder, 'credentials.json') },
    ),
    reviewWorker: withFallbacks(reviewWorkerSettings, redis),
    logShipper: withFallbacks(
      { ...logShipperSettings, logFolders: foldersIn(folder) },
      // Who tries it wants to see logs at once.
      { ...redis, windowSeconds: '5' },
    ),
    gateway: withFallbacks(gatewaySettings, {
      ...common,
      gatewayHost: loopback,
      // There is no other gateway to move to.
      admitWhileDrainingSeconds: '0',
      drainSeconds: '0',
    }),
  };
}

/** Every bucket is a folder in the data folder unless the setting says something else. */
function foldersIn(folder: string): typeof logShipperSettings.logFolders {
  const { logFolders } = logShipperSettings;
  return {
    ...logFolders,
    // No text that the setting would read: the path may hold a comma.
    read: (text) =>
      text === '' ? { byBucket: new Map(), others: join(folder, 'logs') } : logFolders.read(text),
  };
}
