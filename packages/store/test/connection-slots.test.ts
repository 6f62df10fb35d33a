import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '@roomstream/testing/eventually';
import { durable, startRedis } from '@roomstream/testing/redis-server';
import { Redis } from 'ioredis';
import type { ConnectionSlots } from '../src/connection-slots.ts';
import { presetQuotas } from '../src/quotas.ts';
import type { Store } from '../src/store.ts';
import { newAccount, openTestStore } from './fixture.ts';

const connections = new Map<string, number>();
const quotas = {
  of: (account: string) => ({ ...presetQuotas('ivs'), connections: connections.get(account) ?? 1_000 }),
};

const holders: ChildProcess[] = [];
const server = await startRedis(durable);
const stores = await Promise.all([1, 2, 3].map(() => openTestStore(server.url, quotas)));
after(async () => {
  for (const child of holders) child.kill('SIGKILL');
  await Promise.all(stores.map((store) => store.close()));
  await server.stop();
});

/** Runs a test with three gateways; their slots are closed after it. */
function withGateways(
  name: string,
  run: (
    gateways: readonly [ConnectionSlots, ConnectionSlots, ConnectionSlots],
    account: string,
  ) => Promise<void>,
): void {
  test(name, async () => {
    const account = newAccount();
    const gateways = stores.map((store, i) => store.connectionSlots(`${account}-${i}`));
    try {
      await run(gateways as unknown as readonly [ConnectionSlots, ConnectionSlots, ConnectionSlots], account);
    } finally {
      await Promise.all(gateways.map((slots) => slots.close()));
    }
  });
}

/** Tries `tries` times at once; how many slots were granted. */
async function acquire(slots: ConnectionSlots, account: string, tries: number): Promise<number> {
  const outcomes = await Promise.all(Array.from({ length: tries }, () => slots.acquire(account)));
  return outcomes.filter(Boolean).length;
}

async function registered(account: string): Promise<number> {
  const client = new Redis(server.port);
  const entries = await client.hvals(`store:{${account}}:slots`);
  client.disconnect();
  return entries.reduce((sum, entry) => sum + Number(entry.split(' ')[2]), 0);
}

withGateways(
  'of 1,000 slots over three gateways the 1,000th is granted and the 1,001st refused',
  async (gateways, account) => {
    let granted = 0;
    for (let i = 0; granted < 900; i++)
      granted += await acquire(gateways[i % 3] as ConnectionSlots, account, 7);
    // The rest one by one, all by the same gateway: what the others have at hand must come back to it.
    while (await gateways[0].acquire(account)) granted++;
    assert.equal(granted, 1_000);
    for (const slots of gateways) assert.equal(await slots.acquire(account), false);
    await eventually(() => gateways.every((slots) => slots.count(account) === 1_000));
  },
);

withGateways('the quota is exact when all gateways take at the same time', async (gateways, account) => {
  connections.set(account, 137);
  const granted = await Promise.all(
    gateways.map(async (slots) => {
      let mine = 0;
      for (let i = 0; i < 12; i++) mine += await acquire(slots, account, 5);
      return mine;
    }),
  );
  assert.equal(
    granted.reduce((a, b) => a + b),
    137,
  );
});

withGateways('a slot that one gateway releases is granted by another', async (gateways, account) => {
  connections.set(account, 20);
  assert.equal(await acquire(gateways[0], account, 25), 20);
  assert.equal(await gateways[1].acquire(account), false);
  gateways[0].release(account);
  await eventually(() => gateways[1].acquire(account));
  assert.equal(await gateways[0].acquire(account), false);
});

withGateways(
  'a slot is at hand without waiting when connections come in and many are left',
  async (gateways, account) => {
    connections.set(account, 50_000);
    assert.equal(await gateways[0].acquire(account), true);
    assert.equal(gateways[0].acquire(account), true);
  },
);

withGateways('slots at hand go back when no more connections come in', async (gateways, account) => {
  connections.set(account, 50_000);
  assert.equal(await gateways[0].acquire(account), true);
  assert.ok((await registered(account)) > 1);
  await eventually(async () => (await registered(account)) === 1);
});

withGateways('a forced slot is counted and goes over the quota', async (gateways, account) => {
  connections.set(account, 5);
  assert.equal(await acquire(gateways[0], account, 5), 5);
  gateways[1].force(account);
  await eventually(async () => (await registered(account)) === 6);
  gateways[0].release(account);
  await eventually(async () => (await registered(account)) === 5);
  assert.equal(await gateways[2].acquire(account), false);
  gateways[1].release(account);
  await eventually(() => gateways[2].acquire(account));
});

withGateways('a gateway that closes gives all its slots back', async (gateways, account) => {
  connections.set(account, 5);
  assert.equal(await acquire(gateways[0], account, 5), 5);
  await gateways[0].close();
  assert.equal(await acquire(gateways[1], account, 6), 5);
});

withGateways('an unlimited account costs Redis nothing', async (gateways, account) => {
  connections.set(account, Number.POSITIVE_INFINITY);
  for (let i = 0; i < 100; i++) assert.equal(gateways[0].acquire(account), true);
  gateways[0].force(account);
  assert.equal(gateways[0].count(account), 101);
  gateways[0].release(account);
  assert.equal(await registered(account), 0);
});

withGateways('releasing a slot that nobody holds is an error, not a free slot', async (gateways, account) => {
  assert.throws(() => gateways[0].release(account));
});

withGateways('connections are registered again after Redis has lost its data', async (gateways, account) => {
  connections.set(account, 30);
  assert.equal(await acquire(gateways[0], account, 20), 20);
  const client = new Redis(server.port);
  await client.flushall();
  // A connection that breaks is what tells the gateway; a restart looks the same to it.
  await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  client.disconnect();
  await eventually(async () => (await registered(account)) === 20);
  assert.equal(await acquire(gateways[1], account, 15), 10);
});

withGateways('slots survive a restart of Redis, and none is granted twice', async (gateways, account) => {
  connections.set(account, 60);
  assert.equal(await acquire(gateways[0], account, 30), 30);
  await server.kill();
  await assert.rejects(Promise.resolve(gateways[1].acquire(account)), { name: 'StoreUnavailable' });
  await server.restart();
  const more = await eventually(() => acquire(gateways[1], account, 40));
  assert.equal(more, 30);
  assert.equal(await gateways[0].acquire(account), false);
});

test('the slots of a process that is killed are free within 30 seconds', { timeout: 120_000 }, async () => {
  const account = newAccount();
  connections.set(account, 10);
  const holder = await hold(account, 10, 6);
  const slots = (stores[0] as Store).connectionSlots(account);
  assert.equal(await acquire(slots, account, 10), 4);
  const killedMs = performance.now();
  holder.kill('SIGKILL');
  await eventually(() => slots.acquire(account), 60_000);
  // What the loaded machine adds to the last try isn't the lease's.
  assert.ok(performance.now() - killedMs < 33_000);
  assert.equal(await acquire(slots, account, 10), 5);
  await slots.close();
});

test('processes that take slots at the same time share the quota exactly', async () => {
  const account = newAccount();
  const results = await Promise.all([1, 2, 3].map(() => startHolder(account, 50, 40)));
  assert.equal(
    results.reduce((sum, { granted }) => sum + granted, 0),
    50,
  );
});

async function hold(account: string, quota: number, count: number): Promise<ChildProcess> {
  const { child, granted } = await startHolder(account, quota, count);
  assert.equal(granted, count);
  return child;
}

async function startHolder(
  account: string,
  quota: number,
  tries: number,
): Promise<{ child: ChildProcess; granted: number }> {
  const program = fileURLToPath(new URL('./slot-holder.js', import.meta.url));
  const args = [program, server.url, account, `${quota}`, `${tries}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  holders.push(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, granted: Number(line.toString()) };
}

withGateways(
  'a connection that ends while its forced slot is being reported leaves the account working',
  async ([slots], account) => {
    slots.force(account);
    // The report is under way now.
    await new Promise(setImmediate);
    slots.release(account);
    assert.equal(await slots.acquire(account), true);
    slots.release(account);
    await eventually(async () => assert.equal(await registered(account), 0));
  },
);
