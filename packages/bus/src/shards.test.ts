import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { makeShards } from './shards.ts';
import { slotCount, slotOf } from './slot.ts';

test('slots are those of the Cluster specification', () => {
  assert.equal(slotOf('123456789'), 0x31c3);
  assert.equal(slotOf('foo'), 12_182);
});

for (const count of [1, 3, 128, 1024]) {
  test(`${count} shards spread evenly over the masters of any Cluster`, () => {
    const { all } = makeShards(count);
    assert.equal(new Set(all.map(({ tag }) => tag)).size, count);
    for (const masters of [1, 2, 3, 5, 8]) {
      const perMaster = new Array<number>(masters).fill(0);
      for (const { slot } of all) {
        const master = Math.floor((slot * masters) / slotCount);
        perMaster[master] = (perMaster[master] as number) + 1;
      }
      assert.ok(Math.max(...perMaster) - Math.min(...perMaster) <= 2, `${masters}: ${perMaster}`);
    }
  });
}

test('tags never change, or the rooms of a running deployment would be looked for elsewhere', () => {
  const { all, of } = makeShards(128);
  assert.deepEqual(
    [0, 7, 127].map((index) => all[index]?.tag),
    ['s0-1h', 's7-65', 's127-1s'],
  );
  assert.equal(
    all.every(({ tag, stream, channel }) => stream === `{${tag}}:room` && channel === `{${tag}}:push`),
    true,
  );
  assert.equal(of('abcdefghijkl').index, 95);
});

test('rooms spread evenly over shards', () => {
  const { all, of } = makeShards(16);
  const perShard = new Array<number>(16).fill(0);
  for (let i = 0; i < 16_000; i++) {
    const { index } = of(newId());
    perShard[index] = (perShard[index] as number) + 1;
  }
  assert.equal(all.length, 16);
  assert.ok(
    perShard.every((rooms) => rooms > 800 && rooms < 1200),
    `${perShard}`,
  );
});
