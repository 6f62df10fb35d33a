import { newId } from '@roomstream/protocol/ids';
import { openLog } from '@roomstream/runtime/log';
import { parseRedisUrl, type RedisAccess } from '@roomstream/runtime/redis';
import { Registry } from 'prom-client';
import { presetQuotas, type Quotas } from '../src/quotas.ts';
import type { LoggingConfiguration, Room } from '../src/records.ts';
import { openStore, type Store } from '../src/store.ts';

/** A log that says nothing. */
export const silent = openLog('test', 'silent');

/** Access to the server at `url`. */
export function accessTo(url: string): RedisAccess {
  return { redisUrl: parseRedisUrl(url), redisCaFile: undefined, redisSentinelPassword: undefined };
}

/** A store as a process of its own would have it. */
export function openTestStore(
  url: string,
  quotas: Quotas = { of: () => presetQuotas('ivs') },
): Promise<Store> {
  return openStore({ access: accessTo(url), quotas, log: silent, registry: new Registry() });
}

/** An account that no other test has. */
export function newAccount(): string {
  return String(Math.floor(Math.random() * 1e12)).padStart(12, '0');
}

/** What a room is created from. */
export function roomDraft(
  account: string,
  fields: Partial<Room> = {},
): Omit<Room, 'createTimeMs' | 'updateTimeMs'> {
  return {
    account,
    id: newId(),
    name: 'lobby',
    maximumMessageRatePerSecond: 10,
    maximumMessageLength: 500,
    messageReviewHandler: undefined,
    loggingConfigurationIds: [],
    tags: {},
    ...fields,
  };
}

/** Creates a room that must be possible. */
export async function createRoom(store: Store, account: string, fields: Partial<Room> = {}): Promise<Room> {
  const created = await store.rooms.create(roomDraft(account, fields), Number.POSITIVE_INFINITY);
  if (created.kind !== 'created') throw new Error(created.kind);
  return created.room;
}

/** What a logging configuration is created from. */
export function configurationDraft(
  account: string,
): Omit<LoggingConfiguration, 'createTimeMs' | 'updateTimeMs'> {
  return {
    account,
    id: newId(),
    name: 'archive',
    destination: { s3: { bucketName: 'logs' } },
    state: 'ACTIVE',
    tags: {},
  };
}

/** Creates a logging configuration that must be possible. */
export async function createConfiguration(store: Store, account: string): Promise<LoggingConfiguration> {
  const created = await store.loggingConfigurations.create(configurationDraft(account), 1_000);
  if (created.kind !== 'created') throw new Error(created.kind);
  return created.loggingConfiguration;
}
