import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IvschatClient } from '@aws-sdk/client-ivschat';
import { openMetrics } from '@roomstream/runtime/metrics';
import type { Service } from '@roomstream/runtime/service';
import { readSettings } from '@roomstream/runtime/settings';
import { type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { pino } from 'pino';
import { startControlPlane } from '../src/control-plane.ts';
import { controlPlaneSettings } from '../src/settings.ts';

export const region = 'us-west-2';
export const account = '123456789012';
export const otherAccount = '210987654321';

/** An access key of the tests: key and secret are the user's name. */
export type TestUser = { readonly account: string; readonly policies: readonly unknown[] };

/** A policy that allows `actions` on `resources` under `conditions`. */
export function allow(actions: unknown, resources: unknown = '*', conditions?: unknown): unknown {
  const statement = { Effect: 'Allow', Action: actions, Resource: resources };
  return {
    Version: '2012-10-17',
    Statement: [conditions === undefined ? statement : { ...statement, Condition: conditions }],
  };
}

/** A control plane in this process on a Redis of its own. */
export type ControlPlaneUnderTest = {
  readonly url: string;
  readonly redis: RedisServer;
  readonly service: Service;
  readonly tokenKeyFile: string;
  /** Lines of the log so far. */
  readonly logged: readonly Readonly<Record<string, unknown>>[];
  /** The official client, acting as a user of `users`; `test` may do everything. One attempt a call. */
  client(user?: string): IvschatClient;
  stop(): Promise<void>;
};

/** Starts a control plane; quotas are unlimited unless `env` says otherwise. */
export async function startUnderTest(
  options: {
    env?: Readonly<Record<string, string>>;
    users?: Readonly<Record<string, TestUser>>;
    /** A Redis that another control plane has started; it outlives this one. */
    redis?: RedisServer;
    /** Options of its own Redis. */
    redisArgs?: readonly string[];
  } = {},
): Promise<ControlPlaneUnderTest> {
  const redis = options.redis ?? (await startRedis(options.redisArgs));
  const stopRedis = () => (options.redis === undefined ? redis.stop() : undefined);
  const folder = mkdtempSync(join(tmpdir(), 'roomstream-control-plane-'));
  const users = { test: { account, policies: [allow('*')] }, ...options.users };
  const credentialsFile = join(folder, 'credentials.json');
  writeFileSync(credentialsFile, JSON.stringify(credentialsOf(users)));
  const tokenKeyFile = join(folder, 'token.keys');
  const settings = readSettings(controlPlaneSettings, {
    REDIS_URL: redis.url,
    ROOMSTREAM_REGION: region,
    ROOMSTREAM_CONTROL_PLANE_HOST: '127.0.0.1',
    ROOMSTREAM_CONTROL_PLANE_PORT: '0',
    ROOMSTREAM_QUOTAS: 'unlimited',
    ROOMSTREAM_CREDENTIALS_FILE: credentialsFile,
    ROOMSTREAM_TOKEN_KEY_FILE: tokenKeyFile,
    ...options.env,
  });
  const logged: Record<string, unknown>[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => logged.push(JSON.parse(line)) });
  const service = await startControlPlane(settings, { log, registry: openMetrics() }).catch(
    async (error: unknown) => {
      await stopRedis();
      throw error;
    },
  );
  const scheme = settings.tlsCertFile === undefined ? 'http' : 'https';
  const url = `${scheme}://127.0.0.1:${service.port}`;
  const clients: IvschatClient[] = [];
  return {
    url,
    redis,
    service,
    tokenKeyFile,
    logged,
    client: (user = 'test') => {
      const credentials = { accessKeyId: user, secretAccessKey: user };
      const client = new IvschatClient({ region, endpoint: url, credentials, maxAttempts: 1 });
      clients.push(client);
      return client;
    },
    stop: async () => {
      for (const client of clients) client.destroy();
      await service.stop();
      await stopRedis();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function credentialsOf(users: Readonly<Record<string, TestUser>>) {
  const accounts: Record<string, { users: Record<string, unknown> }> = {};
  for (const [name, user] of Object.entries(users)) {
    accounts[user.account] ??= { users: {} };
    const accessKeys = [{ accessKeyId: name, secretAccessKey: name }];
    Object.assign(accounts[user.account]?.users ?? {}, { [name]: { accessKeys, policies: user.policies } });
  }
  return { accounts };
}

/** The error that a call of the official client rejects with. */
export async function errorOf(call: Promise<unknown>): Promise<Error & Readonly<Record<string, unknown>>> {
  try {
    await call;
  } catch (error) {
    return error as Error & Readonly<Record<string, unknown>>;
  }
  throw new Error('the call succeeded');
}
