import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Standing } from '@roomstream/bus/standing';
import type { UserRecord } from '@roomstream/bus/user-records';
import { isForgotten, type LastSeen, lossesOf, oldestOf, settledBy } from './losses.ts';
import type { Vitality } from './probe-bodies.ts';

const at = (ms: number): Standing => ({ position: { ms, seq: 0 }, added: ms, identity: '' });

function record(number: number, changed: Partial<UserRecord> = {}): UserRecord {
  const open = {
    kind: 'open',
    beganMs: 15,
    endsMs: 9_000,
    knownSinceMs: 10,
    writtenMs: 20,
    certain: at(1),
  } as const;
  return { member: `g/${number}`, gateway: 'g', number, ...open, ...changed };
}

const nobody: ReadonlyMap<string, Vitality> = new Map();
const unseen: ReadonlyMap<string, LastSeen> = new Map();

test('a lost record is a loss; a connection that is alive is none', () => {
  const records = [record(1, { kind: 'lost', certain: at(5) }), record(2)];
  const losses = lossesOf(records, new Map([['g/2', { kind: 'alive' }]]), unseen);
  assert.deepEqual(losses, [
    { member: 'g/1', beganMs: 15, certain: at(5), knownSinceMs: 10, sentUntilMs: 20 },
  ]);
});

test('a connection that its gateway calls lost is a loss from where the gateway says', () => {
  const losses = lossesOf([record(1)], new Map([['g/1', { kind: 'lost', certain: at(7) }]]), unseen);
  assert.deepEqual(losses, [
    {
      member: 'g/1',
      beganMs: 15,
      certain: at(7),
      knownSinceMs: 10,
      sentUntilMs: Number.POSITIVE_INFINITY,
    },
  ]);
});

test('what is on its way may never open: its user is owed what its record says, and the record stays', () => {
  const losses = lossesOf([record(1, { certain: at(7) })], new Map([['g/1', { kind: 'pending' }]]), unseen);
  assert.deepEqual([oldestOf(losses)?.certain, settledBy(losses)], [at(7), []]);
  assert.deepEqual(lossesOf([record(1)], new Map([['g/1', { kind: 'ended' }]]), unseen), []);
});

test('of a gateway that doesn’t answer the last heartbeat tells the place', () => {
  const seen = new Map([['g', { beatMs: 100, place: at(50) }]]);
  assert.deepEqual(lossesOf([record(1)], nobody, seen)[0]?.certain, at(50));
});

test('where a connection was silent, or came after the heartbeat, its record does', () => {
  const seen = new Map([['g', { beatMs: 100, place: at(50) }]]);
  const records = [
    record(1, { kind: 'silent', certain: at(40) }),
    record(2, { writtenMs: 101, certain: at(60) }),
  ];
  const losses = lossesOf(records, nobody, seen);
  assert.deepEqual(
    losses.map(({ certain }) => certain),
    [at(40), at(60)],
  );
});

test('a connection of a gateway that died before the window is forgotten; a lost one, or one nobody knows of, isn’t', () => {
  const died = (beatMs: number | undefined) => ({ beatMs, place: undefined });
  assert.equal(isForgotten(record(1), died(98), 99), true);
  assert.equal(isForgotten(record(1), died(undefined), 99), true);
  assert.equal(isForgotten(record(1), died(99), 99), false);
  assert.equal(isForgotten(record(1, { writtenMs: 99 }), died(98), 99), false);
  assert.equal(isForgotten(record(1, { kind: 'lost' }), died(98), 99), false);
  assert.equal(isForgotten(record(1), undefined, 99), false);
});

test('the oldest loss that is known tells where to begin', () => {
  const losses = lossesOf(
    [7, 3, 5].map((ms, n) => record(n, { kind: 'lost', certain: at(ms) })),
    nobody,
    unseen,
  );
  assert.deepEqual(oldestOf(losses)?.certain, at(3));
  const unknown = lossesOf([record(9, { kind: 'lost', certain: undefined })], nobody, unseen);
  assert.equal(oldestOf([...unknown, ...losses])?.certain, losses[1]?.certain);
  assert.equal(oldestOf(unknown), unknown[0]);
  assert.equal(oldestOf([]), undefined);
});

test('who returns settles the latest loss and those that had ended before it began, and leaves other devices theirs', () => {
  const lost = (number: number, beganMs: number, writtenMs: number) =>
    record(number, { kind: 'lost', beganMs, writtenMs, certain: at(beganMs) });
  const settled = (...records: UserRecord[]) =>
    settledBy(lossesOf(records, nobody, unseen)).map(({ member }) => member);
  assert.deepEqual(settled(lost(1, 10, 20), lost(2, 21, 30), lost(3, 31, 40)), ['g/1', 'g/2', 'g/3']);
  assert.deepEqual(settled(lost(1, 10, 30), lost(2, 20, 31)), ['g/2']);
  assert.deepEqual(settled(lost(1, 10, 30)), ['g/1']);
  assert.deepEqual(settled(), []);
});
