import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPeriod } from './period-counts.ts';

const read = (...items: string[]) => readPeriod('60', JSON.stringify(items));

test('counts are read by metric and by the value of its dimension, whatever that value is', () => {
  const { beganMs, counts } = read('Messaging Requests|', '7', 'InvocationErrors|a|b\nc', '2');
  assert.equal(beganMs, 60_000);
  assert.deepEqual(counts.get('Messaging Requests'), new Map([['', 7]]));
  assert.deepEqual(counts.get('InvocationErrors'), new Map([['a|b\nc', 2]]));
});

test('connections are the most that all processes had at the same moment', () => {
  const handedOver = ['connections:0:one', '100', 'connections:0:two', '5', 'connections:5:two', '103'];
  assert.equal(read(...handedOver).connections, 105);
  assert.equal(read('Messaging Requests|', '7').connections, undefined);
});

test('more values of dimensions than one request holds share one', () => {
  const items = Array.from({ length: 1_600 }, (_, n) => [`InvocationErrors|uri-${n}`, '1']).flat();
  const values = read(...items).counts.get('InvocationErrors');
  assert.equal(values?.size, 1_501);
  assert.equal(values?.get('other'), 100);
});

test('a count that nobody knows is refused', () => {
  assert.throws(() => read('what?', '1'), /"what\?", which nobody knows/);
});
