import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import type { Redis } from 'ioredis';
import { shareWrites } from './share-writes.ts';

/** A connection of which every system call is noted. */
function connection() {
  const calls: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk, _encoding, done) => {
      calls.push(String(chunk));
      done();
    },
    writev: (chunks, done) => {
      calls.push(chunks.map(({ chunk }) => String(chunk)).join(''));
      done();
    },
  });
  const redis = Object.assign(new EventEmitter(), { stream });
  shareWrites(redis as unknown as Redis);
  redis.emit('connect');
  return { calls, stream };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('what is sent in one turn of the event loop is one system call, in order', async () => {
  const { calls, stream } = connection();
  for (const text of ['a', 'b', 'c']) stream.write(text);
  assert.deepEqual(calls, []);
  await turn();
  assert.deepEqual(calls, ['abc']);
  stream.write('d');
  await turn();
  assert.deepEqual(calls, ['abc', 'd']);
});

test('what was sent in the turn of the end is sent', async () => {
  const { calls, stream } = connection();
  stream.write('quit');
  stream.end();
  await once(stream, 'finish');
  await turn();
  assert.deepEqual(calls, ['quit']);
});
