import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assigneeOf } from './rendezvous.ts';

const shards = Array.from({ length: 1_024 }, (_, index) => index);
const members = ['aaaaaaaaaaaa', 'bbbbbbbbbbbb', 'cccccccccccc', 'dddddddddddd'];

const assign = (among: readonly string[]) => shards.map((shard) => assigneeOf(shard, among));

test('shards spread over the members, whatever order these are known in', () => {
  const assigned = assign(members);
  assert.deepEqual(assign(members.toReversed()), assigned);
  for (const member of members) {
    const count = assigned.filter((assignee) => assignee === member).length;
    assert.ok(count > 192 && count < 320, `${count} of 1024`);
  }
});

test('when a member goes, only its shards move', () => {
  const before = assign(members);
  const after = assign(members.slice(1));
  for (const shard of shards) {
    if (before[shard] !== members[0]) assert.equal(after[shard], before[shard]);
  }
});

test('without members a shard is assigned to nobody', () => {
  assert.equal(assigneeOf(0, []), undefined);
});
