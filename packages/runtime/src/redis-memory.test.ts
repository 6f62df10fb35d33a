import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMemory } from './redis-memory.ts';

test('used memory and its limit are read from INFO', () => {
  const info =
    '# Memory\r\nused_memory:1048576\r\nused_memory_human:1.00M\r\nmaxmemory:2097152\r\nmaxmemory_human:2.00M\r\n';
  assert.deepEqual(parseMemory(info), { usedBytes: 1_048_576, limitBytes: 2_097_152 });
  assert.throws(() => parseMemory('# Memory\r\n'), /says nothing of memory/);
});
