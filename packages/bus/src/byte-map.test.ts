import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { ByteMap } from './byte-map.ts';
import { hash } from './hash.ts';

/** Two texts that share a hash: of some hundred thousand there are such. */
function twins(): [string, string] {
  const byHash = new Map<number, string>();
  for (;;) {
    const text = newId();
    const other = byHash.get(hash(text));
    if (other !== undefined && other !== text) return [text, other];
    byHash.set(hash(text), text);
  }
}

test('a text is found by its bytes, wherever they stand, and no other is', () => {
  const map = new ByteMap<number>();
  map.set('room00000001', 1);
  map.set('room00000002', 2);
  const bytes = Buffer.from('..room00000002room00000003');
  assert.equal(map.at(bytes, 2, 14), 2);
  assert.equal(map.at(bytes, 14, 26), undefined);
  assert.equal(map.at(bytes, 2, 13), undefined);
  map.delete('room00000002');
  assert.equal(map.at(bytes, 2, 14), undefined);
  assert.deepEqual([map.size, [...map.keys()], [...map.values()]], [1, ['room00000001'], [1]]);
});

test('texts that share a hash are told apart', () => {
  const [one, other] = twins();
  const map = new ByteMap<string>();
  map.set(one, 'one');
  assert.equal(map.at(Buffer.from(other), 0, 12), undefined);
  map.set(other, 'other');
  map.set(one, 'one again');
  assert.equal(map.at(Buffer.from(one), 0, 12), 'one again');
  map.delete(one);
  assert.equal(map.at(Buffer.from(one), 0, 12), undefined);
  assert.equal(map.at(Buffer.from(other), 0, 12), 'other');
});
