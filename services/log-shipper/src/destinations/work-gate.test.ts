import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { WorkGate } from './work-gate.ts';

/** Work that ends when it is told to. */
function held() {
  const ends: (() => void)[] = [];
  const work = () => new Promise<void>((resolve) => ends.push(resolve));
  return { ends, work };
}

const patience = new AbortController().signal;

test('no more go on at once than there are places, and the others follow in order', async () => {
  const gate = new WorkGate(2);
  const { ends, work } = held();
  const done: number[] = [];
  const all = [0, 1, 2, 3].map((at) => gate.run(patience, work).then(() => done.push(at)));
  for (let at = 0; at < 4; at++) {
    await eventually(() => assert.equal(ends.length, Math.min(at + 2, 4)));
    ends[at]?.();
    await eventually(() => assert.equal(done.length, at + 1));
  }
  await Promise.all(all);
  assert.deepEqual(done, [0, 1, 2, 3]);
});

test('who is told to stop while there is no place begins nothing, and the place goes to the next', async () => {
  const gate = new WorkGate(1);
  const { ends, work } = held();
  const first = gate.run(patience, work);
  const controller = new AbortController();
  const stopped = gate.run(controller.signal, () => assert.fail('it has begun'));
  const third = gate.run(patience, async () => 'third');
  controller.abort(new Error('stop'));
  await assert.rejects(stopped, /stop/);
  await eventually(() => assert.equal(ends.length, 1));
  ends[0]?.();
  await first;
  assert.equal(await third, 'third');
});

test('who is told to stop as a place gets free begins nothing, and the place stays free', async () => {
  const gate = new WorkGate(1);
  const { ends, work } = held();
  const controller = new AbortController();
  const first = gate.run(patience, work).then(() => controller.abort(new Error('stop')));
  const stopped = gate.run(controller.signal, () => assert.fail('it has begun'));
  await eventually(() => assert.equal(ends.length, 1));
  ends[0]?.();
  await Promise.all([first, assert.rejects(stopped, /stop/)]);
  assert.equal(await gate.run(patience, async () => 'free'), 'free');
});

test('work that fails gives its place back', async () => {
  const gate = new WorkGate(1);
  await assert.rejects(
    gate.run(patience, async () => {
      throw new Error('broken');
    }),
    /broken/,
  );
  assert.equal(await gate.run(patience, async () => 'free'), 'free');
});
