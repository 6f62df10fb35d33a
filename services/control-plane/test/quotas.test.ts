import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  CreateLoggingConfigurationCommand,
  CreateRoomCommand,
  GetRoomCommand,
  IvschatClient,
  ListRoomsCommand,
  ListTagsForResourceCommand,
  type ThrottlingException,
} from '@aws-sdk/client-ivschat';
import { allowAll, type Fleet, fleetAccount, startFleet } from '@roomstream/testing/fleet';
import type { FleetProcess } from '@roomstream/testing/fleet-process';
import { type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { allow, errorOf } from './control-plane-under-test.ts';

let redis: RedisServer;
let fleet: Fleet;
let clients: IvschatClient[] = [];
/** An account that is pending verification; its key and secret are `blocked`. */
const blocked = '999999999999';
const everything = {
  accessKeys: [{ accessKeyId: 'blocked', secretAccessKey: 'blocked' }],
  policies: [allow('*')],
};
const folder = mkdtempSync(join(tmpdir(), 'roomstream-quotas-'));

before(async () => {
  const accountsFile = join(folder, 'accounts.json');
  const quotas = { rooms: 3, roomOperationPerSecond: 20 };
  const accounts = { [fleetAccount]: { quotas }, [blocked]: { isPendingVerification: true } };
  writeFileSync(accountsFile, JSON.stringify({ accounts }));
  redis = await startRedis();
  fleet = await startFleet({
    gateways: 0,
    controlPlanes: 2,
    redis,
    credentials: {
      accounts: { ...allowAll.accounts, [blocked]: { users: { blocked: everything } } },
    },
    env: { ROOMSTREAM_QUOTAS: 'ivs', ROOMSTREAM_ACCOUNTS_FILE: accountsFile },
  });
  clients = fleet.controlPlanes.map(
    ({ url }) =>
      new IvschatClient({
        region: fleet.region,
        endpoint: url,
        credentials: fleet.credentials,
        maxAttempts: 1,
      }),
  );
});
after(async () => {
  for (const client of clients) client.destroy();
  await fleet?.stop();
  await redis?.stop();
  rmSync(folder, { recursive: true });
});

const pick = (i: number) => clients[i % clients.length] as IvschatClient;

test('the fourth room of an account that may have three is a ServiceQuotaExceededException', async () => {
  const made = await Promise.allSettled(
    Array.from({ length: 6 }, (_, i) => pick(i).send(new CreateRoomCommand({}))),
  );
  const refused = made.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  assert.equal(refused.length, 3);
  for (const error of refused) {
    assert.equal(error.name, 'ServiceQuotaExceededException');
    assert.equal(error.$metadata.httpStatusCode, 402);
    assert.equal(error.resourceType, 'ROOM');
    assert.equal(error.resourceId, fleetAccount);
    assert.equal(error.limit, 3);
  }
});

test('two processes never admit more calls in a second than the account may make', async () => {
  const { rooms = [] } = await pick(0).send(new ListRoomsCommand({}));
  const identifier = rooms[0]?.arn;
  /** When each admitted call had begun and ended: it was counted somewhere between. */
  const admitted: { fromMs: number; toMs: number }[] = [];
  const throttled: ThrottlingException[] = [];
  const endMs = performance.now() + 2_500;
  const flood = async (client: IvschatClient) => {
    while (performance.now() < endMs) {
      const fromMs = performance.now();
      try {
        await client.send(new GetRoomCommand({ identifier }));
        admitted.push({ fromMs, toMs: performance.now() });
      } catch (error) {
        throttled.push(error as ThrottlingException);
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, i) => flood(pick(i))));
  for (const { fromMs } of admitted) {
    const surelyInside = admitted.filter((each) => each.fromMs >= fromMs && each.toMs < fromMs + 1_000);
    assert.ok(surelyInside.length <= 20, `${surelyInside.length} calls within a second`);
  }
  // 2.5 s hold the first 20, and 20 more after each full second.
  assert.ok(admitted.length >= 40, `${admitted.length} calls admitted`);
  assert.ok(throttled.length > 0);
  const { name, $metadata, resourceId, resourceType, limit } = throttled[0] as ThrottlingException;
  assert.deepEqual(
    { name, status: $metadata.httpStatusCode, resourceId, resourceType, limit },
    {
      name: 'ThrottlingException',
      status: 429,
      resourceId: identifier?.split('/')[1],
      resourceType: 'ROOM',
      limit: 20,
    },
  );
  assert.ok([...admitted].length < 200);
});

test('each operation has a rate of its own', async () => {
  const { rooms = [] } = await pick(0).send(new ListRoomsCommand({}));
  const resourceArn = rooms[0]?.arn;
  const all = await Promise.allSettled(
    Array.from({ length: 11 }, (_, i) => pick(i).send(new ListTagsForResourceCommand({ resourceArn }))),
  );
  const refused = all.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  assert.ok(refused.length <= 1);
  for (const error of refused) assert.equal(error.limit, 10);
  await pick(1)
    .send(new GetRoomCommand({ identifier: resourceArn }))
    .catch((error: Error) => {
      // The flood of the test before may still fill its second; it is GetRoom's own.
      assert.equal(error.name, 'ThrottlingException');
    });
});

test('an invalid call uses nothing of the rate', async () => {
  const destinationConfiguration = { s3: { bucketName: '!' } };
  for (let i = 0; i < 10; i++) {
    const error = await errorOf(
      pick(i).send(new CreateLoggingConfigurationCommand({ destinationConfiguration })),
    );
    assert.equal(error.name, 'ValidationException');
  }
});

test('a page token of one process continues in the other', async () => {
  const [one, two] = clients as [IvschatClient, IvschatClient];
  const first = await one.send(new ListRoomsCommand({ maxResults: 2 }));
  const second = await two.send(new ListRoomsCommand({ maxResults: 2, nextToken: first.nextToken }));
  const ids = [...(first.rooms ?? []), ...(second.rooms ?? [])].map(({ id }) => id);
  assert.equal(new Set(ids).size, 3);
  assert.equal(second.nextToken, undefined);
});

test('an account that is pending verification may read but change nothing', async () => {
  const credentials = { accessKeyId: 'blocked', secretAccessKey: 'blocked' };
  const [{ url }] = fleet.controlPlanes as readonly [FleetProcess];
  const client = new IvschatClient({ region: fleet.region, endpoint: url, credentials, maxAttempts: 1 });
  clients.push(client);
  assert.deepEqual((await client.send(new ListRoomsCommand({}))).rooms, []);
  const error = await errorOf(client.send(new CreateRoomCommand({})));
  assert.equal(error.name, 'PendingVerification');
  assert.equal((error['$metadata'] as { httpStatusCode: number }).httpStatusCode, 403);
});
