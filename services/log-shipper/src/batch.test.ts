import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchCut, type CutRule, entryBytes, mostEntryBytes, windowOf } from './batch.ts';

type Item = { readonly ms: number; readonly bytes: number };

/** Sizes of the batches that a queue is cut into from an index on. */
function cutAll(items: readonly Item[], rule: CutRule, from = 0): number[] {
  const sizes: number[] = [];
  let cut = new BatchCut(rule);
  for (const { ms, bytes } of items.slice(from)) {
    if (cut.take(ms, bytes)) continue;
    sizes.push(cut.entries);
    cut = new BatchCut(rule);
    assert.equal(cut.take(ms, bytes), true, 'the first entry always fits');
  }
  return [...sizes, cut.entries];
}

const at = (...times: number[]): Item[] => times.map((ms) => ({ ms, bytes: 10 }));
const wide: CutRule = { windowMs: undefined, records: 1_000, bytes: 1_000_000 };

const cases: readonly (readonly [
  name: string,
  items: readonly Item[],
  rule: CutRule,
  sizes: readonly number[],
])[] = [
  ['time doesn’t cut without windows', at(0, 60_000, 3_600_000), wide, [3]],
  [
    'a window ends before its last millisecond is over',
    at(0, 999, 1000, 1999, 2000),
    { ...wide, windowMs: 1000 },
    [2, 2, 1],
  ],
  ['an empty window is no batch', at(500, 5_500), { ...wide, windowMs: 1000 }, [1, 1]],
  [
    'the number of entries cuts within a window',
    at(0, 1, 2, 3, 4),
    { ...wide, windowMs: 1000, records: 2 },
    [2, 2, 1],
  ],
  ['bytes cut before they are exceeded', at(0, 1, 2, 3, 4), { ...wide, bytes: 29 }, [2, 2, 1]],
  ['bytes may be used up exactly', at(0, 1, 2, 3), { ...wide, bytes: 20 }, [2, 2]],
  ['an entry beyond the bytes is a batch of its own', at(0, 1, 2), { ...wide, bytes: 9 }, [1, 1, 1]],
];

for (const [name, items, rule, sizes] of cases) {
  test(name, () => assert.deepEqual(cutAll(items, rule), sizes));
}

test('a restart from the head of any batch cuts the rest as before', () => {
  for (let run = 0; run < 200; run++) {
    const rule: CutRule = {
      windowMs: run % 3 === 0 ? undefined : pick(1_000, 10_000),
      records: pick(1, 20),
      bytes: pick(50, 2_000),
    };
    let ms = 0;
    const items = Array.from({ length: pick(1, 200) }, () => {
      ms += pick(0, 5) * pick(0, 500);
      return { ms, bytes: pick(1, 300) };
    });
    const sizes = cutAll(items, rule);
    let head = 0;
    for (const [i, size] of sizes.entries()) {
      assert.deepEqual(cutAll(items, rule, head), sizes.slice(i), JSON.stringify({ rule, items, head }));
      const batch = items.slice(head, head + size);
      assert.ok(size <= rule.records);
      assert.ok(size === 1 || batch.reduce((sum, { bytes }) => sum + bytes, 0) <= rule.bytes);
      head += size;
    }
    assert.equal(head, items.length, 'every entry is in one batch');
  }
});

test('windows begin at multiples of their length', () => {
  assert.equal(windowOf(Date.UTC(2026, 0, 1, 10, 20, 59, 999), 60_000), Date.UTC(2026, 0, 1, 10, 20));
  assert.equal(windowOf(Date.UTC(2026, 0, 1, 10, 20), 60_000), Date.UTC(2026, 0, 1, 10, 20));
});

test('a cut is full when it has its entries or its bytes, and not when it is empty', () => {
  const cut = new BatchCut({ windowMs: undefined, records: 2, bytes: 20 });
  assert.equal(cut.isFull, false);
  cut.take(0, 10);
  assert.equal(cut.isFull, false);
  cut.take(0, 10);
  assert.equal(cut.isFull, true);
});

test('the longest frame of the wire counts for less than the bound of one entry', () => {
  // Control characters become six bytes each; a key of one byte costs six more for quotes, colon and comma.
  const attributes = 1024 * 6 + 1024 * 6;
  const texts = (500 + 128 + 128) * 6;
  assert.ok(entryBytes(Buffer.alloc(2 * attributes + texts + 400)) < mostEntryBytes);
});

/** A whole number from `least` to `most`. */
function pick(least: number, most: number): number {
  return least + Math.floor(Math.random() * (most - least + 1));
}
