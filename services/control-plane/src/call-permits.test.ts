import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCallPermits } from './call-permits.ts';

const account = '000000000000';

test('calls of one turn share one take; the first of them get what was granted, the others nothing', async () => {
  const asked: unknown[][] = [];
  const permits = openCallPermits({
    take: async (...args) => {
      asked.push(args);
      return 2;
    },
  });
  const take = () => permits.take(account, 'CreateChatToken', 200);
  assert.deepEqual(await Promise.all([take(), take(), take()]), [true, true, false]);
  assert.equal(await take(), true);
  assert.deepEqual(asked, [
    [account, 'CreateChatToken', 200, 3],
    [account, 'CreateChatToken', 200, 1],
  ]);
});

test('accounts and operations share nothing, and without a limit nobody is asked', async () => {
  const asked: unknown[][] = [];
  const permits = openCallPermits({
    take: async (...args) => {
      asked.push(args);
      return 1;
    },
  });
  const granted = await Promise.all([
    permits.take(account, 'GetRoom', 5),
    permits.take(account, 'ListRooms', 5),
    permits.take('111111111111', 'GetRoom', 5),
    permits.take(account, 'SendEvent', Number.POSITIVE_INFINITY),
  ]);
  assert.deepEqual(granted, [true, true, true, true]);
  assert.equal(asked.length, 3);
});

test('when nobody can count, every call of the turn learns it and the next one asks again', async () => {
  let isAway = true;
  const permits = openCallPermits({
    take: async () => {
      if (isAway) throw new Error('away');
      return 1;
    },
  });
  const take = () => permits.take(account, 'GetRoom', 5);
  const outcomes = await Promise.allSettled([take(), take()]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  isAway = false;
  assert.equal(await take(), true);
});
