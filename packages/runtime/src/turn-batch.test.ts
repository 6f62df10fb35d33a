import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TurnBatch } from './turn-batch.ts';

test('what one turn adds goes together and in order, what the next one adds goes alone', async () => {
  const sent: (readonly number[])[] = [];
  const batch = new TurnBatch<number>(3, (items) => void sent.push(items));
  for (const item of [1, 2]) batch.add(item);
  assert.deepEqual(sent, []);
  await nextTurn();
  for (const item of [3, 4, 5, 6]) batch.add(item);
  await nextTurn();
  assert.deepEqual(sent, [[1, 2], [3, 4, 5], [6]]);
});

test('items of different lanes never go together, those of one lane do', async () => {
  const sent: (readonly string[])[] = [];
  const batch = new TurnBatch<string>(
    9,
    (items) => void sent.push(items),
    (item) => item.slice(0, 1),
  );
  for (const item of ['a1', 'b1', 'a2']) batch.add(item);
  await nextTurn();
  assert.deepEqual(sent, [['a1', 'a2'], ['b1']]);
});

test('what has time goes with what hasn’t, or by itself after its time; a flush sends all at once', async () => {
  const sent: (readonly number[])[] = [];
  const batch = new TurnBatch<number>(9, (items) => void sent.push(items));
  batch.addLater(1, 60_000);
  await nextTurn();
  assert.deepEqual(sent, []);
  batch.add(2);
  batch.addLater(3, 60_000);
  await nextTurn();
  assert.deepEqual(sent, [[1, 2, 3]]);
  batch.addLater(4, 1);
  while (sent.length < 2) await nextTurn();
  batch.addLater(5, 60_000);
  batch.flush();
  batch.flush();
  assert.deepEqual(sent, [[1, 2, 3], [4], [5]]);
});
