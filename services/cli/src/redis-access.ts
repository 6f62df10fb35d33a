import { busSettings } from '@roomstream/bus/bus-settings';
import { tryFor } from '@roomstream/runtime/backoff';
import { openLog } from '@roomstream/runtime/log';
import { connectRedis, type RedisAccess, type RedisClient } from '@roomstream/runtime/redis';
import { region } from '@roomstream/runtime/region';
import { readSettings, type Settings } from '@roomstream/runtime/settings';
import { openRecordsConnection, type RecordsConnection } from '@roomstream/store/records-connection';
import { recordsAccess, recordsSettings } from '@roomstream/store/records-settings';
import { NewerRecords, readSchemaVersion, schemaVersion } from '@roomstream/store/schema';
import { StoreUnavailable } from '@roomstream/store/store-unavailable';
import { Registry } from 'prom-client';
import { Failure, type Surface } from './command.ts';

const deploymentSettings = { region, ...busSettings, ...recordsSettings };

/** What every command that looks into a deployment reads from the environment. */
export type Deployment = Settings<typeof deploymentSettings>;

/** A log that says nothing: commands say for themselves what went wrong. */
export const silent = openLog('roomstream', 'silent');

const patienceMs = 5_000;

/** Reads where Redis is; throws a SettingsError. */
export function readDeployment({ environment }: Surface): Deployment {
  return readSettings(deploymentSettings, environment);
}

/** Runs `act` with the records; they are read, and not brought up to date. */
export async function withRecords<T>(
  deployment: Deployment,
  act: (records: RecordsConnection) => Promise<T>,
): Promise<T> {
  const records = openRecordsConnection(recordsAccess(deployment), silent, new Registry());
  try {
    await records.ready();
    const version = await readSchemaVersion(records);
    if (version > schemaVersion) throw new NewerRecords(version, schemaVersion);
    return await act(records);
  } catch (error) {
    if (error instanceof StoreUnavailable) throw away('records', error.cause);
    if (error instanceof NewerRecords) throw new Failure(`${error.message}.`);
    throw error;
  } finally {
    await records.close();
  }
}

/** Runs `act` with the Redis that has the streams. */
export async function withStreams<T>(
  access: RedisAccess,
  act: (client: RedisClient) => Promise<T>,
): Promise<T> {
  const client = connectRedis(access, 'cli', silent);
  // Told by the command that fails.
  client.on('error', () => undefined);
  try {
    await tryFor(patienceMs, () => client.ping()).catch((error: unknown) => {
      throw away('streams', error);
    });
    return await act(client);
  } finally {
    client.disconnect();
  }
}

function away(what: string, cause: unknown): Failure {
  return new Failure(
    `The Redis of ${what} can't be used: ${cause instanceof Error ? cause.message : cause}. \`roomstream doctor\` says more.`,
  );
}
