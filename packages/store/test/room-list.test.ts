import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startRedis } from '@roomstream/testing/redis-server';
import type { ListPosition } from '../src/record-walk.ts';
import type { Room } from '../src/records.ts';
import type { RoomFilter } from '../src/rooms.ts';
import { createConfiguration, createRoom, newAccount, openTestStore } from './fixture.ts';

const server = await startRedis();
const store = await openTestStore(server.url);
after(async () => {
  await store.close();
  await server.stop();
});

const uri = (n: number) => `arn:aws:lambda:us-west-2:000000000000:function:f${n}`;

/** A generator of numbers in [0, below), the same for the same seed. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Walks all pages, doing `between` after each. */
async function listAll(
  account: string,
  filter: RoomFilter,
  limit: number,
  between: () => Promise<unknown> = async () => undefined,
): Promise<readonly Room[]> {
  const rooms: Room[] = [];
  let after: ListPosition | undefined;
  do {
    const page = await store.rooms.list(account, filter, limit, after);
    assert.ok(page.rooms.length <= limit);
    rooms.push(...page.rooms);
    after = page.next;
    await between();
  } while (after !== undefined);
  return rooms;
}

test('rooms are listed newest update first, whatever the page size, and the last page has no next', async () => {
  const account = newAccount();
  const created: Room[] = [];
  for (let i = 0; i < 12; i++) created.push(await createRoom(store, account));
  await store.rooms.update(account, (created[3] as Room).id, (room) => ({ ...room, name: 'x' }));
  const order = [created[3] as Room, ...created.filter((_, i) => i !== 3).reverse()].map(({ id }) => id);
  for (const limit of [1, 3, 4, 5, 12, 50]) {
    const listed = await listAll(account, {}, limit);
    assert.deepEqual(
      listed.map(({ id }) => id),
      order,
    );
  }
  const full = await store.rooms.list(account, {}, 12);
  assert.equal(full.next, undefined);
  assert.deepEqual(await store.rooms.list(newAccount(), {}, 50), { rooms: [], next: undefined });
});

test('each filter, and each combination of filters, lists exactly the rooms that match', async () => {
  const account = newAccount();
  const random = seeded(7);
  const configurations = await Promise.all([1, 2, 3].map(() => createConfiguration(store, account)));
  const ids = configurations.map(({ id }) => id);
  const vary = () => ({
    name: ['', 'a', 'b'][random(3)] as string,
    messageReviewHandler:
      random(3) === 0 ? undefined : { uri: uri(random(2)), fallbackResult: 'ALLOW' as const },
    loggingConfigurationIds: ids.filter(() => random(2) === 0),
  });
  let rooms = await Promise.all(Array.from({ length: 80 }, () => createRoom(store, account, vary())));
  for (const { id } of rooms.filter(() => random(2) === 0)) {
    await store.rooms.update(account, id, (room) => ({ ...room, ...vary() }));
  }
  for (const { id } of rooms.filter(() => random(5) === 0)) await store.rooms.delete(account, id);
  rooms = (await Promise.all(rooms.map(({ id }) => store.rooms.get(account, id)))).filter(
    (room) => room !== undefined,
  );
  for (const name of [undefined, '', 'a', 'none']) {
    for (const handler of [undefined, uri(0), uri(9)]) {
      for (const id of [undefined, ids[0], 'nosuchconfig']) {
        const filter = {
          ...(name === undefined ? {} : { name }),
          ...(handler === undefined ? {} : { messageReviewHandlerUri: handler }),
          ...(id === undefined ? {} : { loggingConfigurationId: id }),
        };
        const expected = rooms.filter(
          (room) =>
            (name === undefined || room.name === name) &&
            (handler === undefined || room.messageReviewHandler?.uri === handler) &&
            (id === undefined || room.loggingConfigurationIds.includes(id)),
        );
        const listed = await listAll(account, filter, 3);
        assert.equal(new Set(listed.map((room) => room.id)).size, listed.length, JSON.stringify(filter));
        assert.deepEqual(
          listed.map((room) => room.id).toSorted(),
          expected.map((room) => room.id).toSorted(),
        );
        const times = listed.map(({ updateTimeMs }) => updateTimeMs);
        assert.deepEqual(
          times,
          times.toSorted((a, b) => b - a),
        );
      }
    }
  }
});

for (const seed of [1, 2, 3, 4]) {
  test(`rooms that are not updated meanwhile are neither skipped nor repeated (seed ${seed})`, async () => {
    const account = newAccount();
    const random = seeded(seed);
    const rooms = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        createRoom(store, account, { name: i % 3 === 0 ? 'odd' : 'even' }),
      ),
    );
    const restless = rooms.filter(() => random(2) === 0);
    const quiet = rooms.filter((room) => !restless.includes(room));
    const disturb = async () => {
      for (let i = 0; i < 3; i++) {
        const { id } = restless[random(restless.length)] as Room;
        const what = random(4);
        if (what === 0) await createRoom(store, account, { name: 'odd' });
        else if (what === 1) await store.rooms.delete(account, id);
        else
          await store.rooms.update(account, id, (room) => ({
            ...room,
            name: random(2) === 0 ? 'odd' : 'even',
          }));
      }
    };
    const limit = 1 + random(7);
    for (const filter of [{}, { name: 'odd' }, { name: 'even' }]) {
      // Changes between pages, and others while a page is read.
      const listed = await listAll(account, filter, limit, () => Promise.race([disturb(), disturb()]));
      const seen = listed.map(({ id }) => id);
      assert.equal(new Set(seen).size, seen.length, 'repeated');
      for (const room of quiet.filter(({ name }) => filter.name === undefined || filter.name === name)) {
        assert.ok(seen.includes(room.id), 'skipped');
      }
    }
  });
}

test('rare matches in a large account end pages early rather than reading everything in one call', async () => {
  const account = newAccount();
  const handler = { uri: uri(1), fallbackResult: 'ALLOW' as const };
  const first = await createRoom(store, account, { name: 'rare', messageReviewHandler: handler });
  for (let i = 0; i < 22; i++) {
    await Promise.all(Array.from({ length: 100 }, () => createRoom(store, account, { name: 'rare' })));
    await Promise.all(
      Array.from({ length: 110 }, () => createRoom(store, account, { messageReviewHandler: handler })),
    );
  }
  const filter = { name: 'rare', messageReviewHandlerUri: handler.uri };
  const page = await store.rooms.list(account, filter, 50);
  assert.deepEqual(page.rooms, []);
  assert.ok(page.next !== undefined);
  assert.deepEqual(await listAll(account, filter, 50), [first]);
});
