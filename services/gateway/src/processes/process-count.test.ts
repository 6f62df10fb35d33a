import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { processCount } from './process-count.ts';

const count = (...words: string[]) => processCount(words, 'linux');

test('a gateway is one process unless the command line asks for more', () => {
  assert.equal(count(), 1);
  assert.equal(count('--processes', '1'), 1);
  assert.equal(count('--processes', '4'), 4);
  assert.equal(count('--processes=4'), 4);
  for (const word of ['cores', 'auto']) assert.equal(count('--processes', word), availableParallelism());
});

test('a command line that makes no sense is refused with a sentence', () => {
  for (const words of [
    ['--processes'],
    ['--processes', '0'],
    ['--processes', '-1'],
    ['--processes', '1.5'],
    ['--processes', '2000'],
  ]) {
    assert.throws(() => count(...words), /--processes must be a number from 1 to 1024, or cores/);
  }
  assert.throws(() => count('--workers', '2'), /--workers is unknown/);
});

test('several processes are refused where the kernel does not spread connections', () => {
  assert.throws(() => processCount(['--processes', '2'], 'darwin'), /needs Linux/);
  assert.equal(processCount(['--processes', '1'], 'darwin'), 1);
});
