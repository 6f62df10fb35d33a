import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { gzipLines } from './gzip.ts';

const records = (count: number, bytes: number) =>
  Array.from({ length: count }, (_, at) => ({
    entryId: `${at}-0`,
    ms: at,
    sendTime: '',
    line: Buffer.from(`${at} ${randomBytes(bytes / 2).toString('hex')}`),
  }));
const textOf = (all: ReturnType<typeof records>) => all.map(({ line }) => `${line}\n`).join('');
const signal = new AbortController().signal;

for (const [name, count] of [
  ['one record', 1],
  ['some', 50],
  ['many, in several pieces', 5_000],
] as const) {
  test(`${name}: gzip holds every record on a line of its own, and has the same bytes each time`, async () => {
    const all = records(count, 400);
    const zipped = await gzipLines(all, signal);
    assert.equal(gunzipSync(zipped).toString(), textOf(all));
    assert.deepEqual(zipped.subarray(0, 8), Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]), 'no name, no time');
    assert.ok(zipped.equals(await gzipLines(all, signal)));
  });
}

test('gzip stops with its signal', async () => {
  await assert.rejects(gzipLines(records(5_000, 400), AbortSignal.abort()), { name: 'AbortError' });
});
