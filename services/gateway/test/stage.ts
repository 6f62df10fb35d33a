import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bus, openBus } from '@roomstream/bus/bus';
import { capabilities } from '@roomstream/protocol/capabilities';
import { newId } from '@roomstream/protocol/ids';
import { openLog } from '@roomstream/runtime/log';
import { openMetrics, type Registry } from '@roomstream/runtime/metrics';
import type { Service } from '@roomstream/runtime/service';
import { readSettings } from '@roomstream/runtime/settings';
import { presetQuotas } from '@roomstream/store/quotas';
import type { Room } from '@roomstream/store/records';
import { recordsAccess } from '@roomstream/store/records-settings';
import { openStore, type Store } from '@roomstream/store/store';
import { type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import type { ChatToken } from '@roomstream/token/token';
import { openTokenKeys } from '@roomstream/token/token-keys';
import { startGateway } from '../src/gateway.ts';
import { gatewaySettings } from '../src/settings.ts';
import { Client } from './client.ts';

export { metric } from '@roomstream/testing/metric';

/** The account of every test. */
export const account = '000000000000';

/** A gateway under test, in this process. */
export type Gateway = Service & { readonly port: number; readonly registry: Registry };

/** Redis, gateways, and what the control plane would do. */
export type Stage = {
  readonly redis: RedisServer;
  readonly store: Store;
  readonly bus: Bus;
  gateway(env?: Readonly<Record<string, string>>): Promise<Gateway>;
  room(changed?: Partial<Room>): Promise<string>;
  /** Changes a room and announces it, as UpdateRoom does. */
  changeRoom(room: string, changed: Partial<Room>): Promise<void>;
  deleteRoom(room: string): Promise<void>;
  token(room: string, userId: string, changed?: Partial<ChatToken>): Promise<string>;
  /** Connects with a new token. */
  client(
    gateway: Service,
    room: string,
    userId: string,
    changed?: Partial<ChatToken>,
    headers?: Readonly<Record<string, string>>,
    path?: string,
  ): Promise<Client>;
  close(): Promise<void>;
};

/** Starts Redis; `env` goes to every gateway. */
export async function openStage(
  env: Readonly<Record<string, string>> = {},
  redisArgs: readonly string[] = [],
): Promise<Stage> {
  const redis = await startRedis(redisArgs);
  const folder = mkdtempSync(join(tmpdir(), 'roomstream-gateway-'));
  const common = {
    REDIS_URL: redis.url,
    ROOMSTREAM_SHARDS: '8',
    ROOMSTREAM_TOKEN_KEY_FILE: join(folder, 'token.keys'),
    ROOMSTREAM_QUOTAS: 'unlimited',
    ROOMSTREAM_GATEWAY_HOST: '127.0.0.1',
    ROOMSTREAM_GATEWAY_PORT: '0',
    ROOMSTREAM_GATEWAY_ADMIT_WHILE_DRAINING_SECONDS: '0',
    ROOMSTREAM_GATEWAY_DRAIN_SECONDS: '0',
    ...env,
  };
  const log = openLog('test', 'silent');
  const registry = openMetrics();
  const settings = readSettings(gatewaySettings, common);
  const tokens = await openTokenKeys(settings, { log, registry });
  const quotas = { of: () => presetQuotas('unlimited') };
  const store = await openStore({ access: recordsAccess(settings), quotas, log, registry });
  const bus = await openBus({ access: settings, shards: settings.shards, log, registry });
  const gateways: Gateway[] = [];
  const clients: Client[] = [];

  const announce = async (room: string) => {
    const published = await bus.publish([{ kind: 'room-changed', account, room, id: newId(), body: '' }]);
    if (published.kind !== 'published') throw new Error(`the change was not announced: ${published.kind}`);
  };
  const stage: Stage = {
    redis,
    store,
    bus,
    gateway: async (own = {}) => {
      const gatewayRegistry = openMetrics();
      const surroundings = {
        log: openLog('gateway', own['ROOMSTREAM_LOG_LEVEL'] ?? 'silent'),
        registry: gatewayRegistry,
      };
      const service = await startGateway(readSettings(gatewaySettings, { ...common, ...own }), surroundings);
      const gateway = { ...service, port: service.port ?? 0, registry: gatewayRegistry };
      gateways.push(gateway);
      return gateway;
    },
    room: async (changed = {}) => {
      const draft = { ...newRoom(), ...changed };
      const created = await store.rooms.create(draft, Number.POSITIVE_INFINITY);
      if (created.kind !== 'created') throw new Error(created.kind);
      return draft.id;
    },
    changeRoom: async (room, changed) => {
      await store.rooms.update(account, room, (current) => ({ ...current, ...changed }));
      await announce(room);
    },
    deleteRoom: async (room) => {
      await store.rooms.delete(account, room);
      await announce(room);
    },
    token: async (room, userId, changed = {}) => {
      const nowMs = bus.clock.nowMs();
      return tokens.seal({
        id: newId(),
        account,
        room,
        userId,
        attributes: {},
        capabilities: [...capabilities],
        tokenExpiresMs: nowMs + 60_000,
        sessionExpiresMs: nowMs + 3_600_000,
        ...changed,
      });
    },
    client: async (gateway, room, userId, changed, headers, path = '/') => {
      const client = await Client.connect(
        gateway.port ?? 0,
        await stage.token(room, userId, changed),
        path,
        headers,
      );
      clients.push(client);
      return client;
    },
    close: async () => {
      for (const client of clients) client.terminate();
      await Promise.all(gateways.map((gateway) => gateway.stop()));
      await bus.close();
      await store.close();
      await tokens.close();
      await redis.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return stage;
}

function newRoom(): Omit<Room, 'createTimeMs' | 'updateTimeMs'> {
  return {
    account,
    id: newId(),
    name: '',
    maximumMessageRatePerSecond: 100,
    maximumMessageLength: 500,
    messageReviewHandler: undefined,
    loggingConfigurationIds: [],
    tags: {},
  };
}
