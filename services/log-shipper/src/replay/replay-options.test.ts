import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplayError } from './replay-error.ts';
import { readReplayOptions } from './replay-options.ts';

const nowMs = Date.UTC(2026, 10, 22, 17, 40);
const room = 'arn:aws:ivschat:us-west-2:000000000000:room/abcDEF123456';
const read = (...args: string[]) => readReplayOptions(['replay', ...args], nowMs);

test('a replay needs a room and a start; the rest has defaults', () => {
  assert.deepEqual(read('--room', room, '--from', '-1h'), {
    room,
    fromMs: nowMs - 3_600_000,
    toMs: nowMs,
    destination: undefined,
    format: 'json',
  });
});

test('all options are read, in both spellings', () => {
  const all = ['--room', room, '--from=-2h', '--to', '-1h', '--destination', 's3://logs/', '--format=text'];
  assert.deepEqual(read(...all), {
    room,
    fromMs: nowMs - 7_200_000,
    toMs: nowMs - 3_600_000,
    destination: { kind: 's3', bucket: 'logs' },
    format: 'text',
  });
  const folder = read('--room', room, '--from', '-1h', '--destination', '/var/logs');
  assert.ok(folder !== 'help');
  assert.deepEqual(folder.destination, { kind: 'folder', folder: '/var/logs' });
});

test('help is given wherever it is asked for', () => {
  assert.equal(readReplayOptions(['--help'], nowMs), 'help');
  assert.equal(read('-h'), 'help');
});

test('a wrong option is named, with exit status 2', () => {
  const good = ['--room', room, '--from', '-1h'];
  const faults: [string[], RegExp][] = [
    [['--from', '-1h'], /^--room is missing/],
    [['--room', room], /^--from is missing/],
    [['--room', room, '--from', 'yesterday'], /^--from must be a time .* got "yesterday"/],
    [[...good, '--to', '-0'], /^--to must be a time .* got "-0"/],
    [[...good, '--to', '-1h'], /^--from must be before --to/],
    [[...good, '--format', 'xml'], /^--format must be json or text; got "xml"/],
    [[...good, '--destination', 'https://x'], /^--destination must be s3:\/\/<bucket> or a folder/],
    [[...good, '--destination', 's3://x/y'], /^--destination must be s3:\/\/<bucket>, without a path/],
    [[...good, '--colour'], /--colour/],
    [[...good, 'more'], /^There is no replay more/],
  ];
  for (const [args, pattern] of faults) {
    assert.throws(
      () => read(...args),
      (error: unknown) => {
        assert.ok(error instanceof ReplayError);
        assert.match(error.message, pattern);
        assert.equal(error.status, 2);
        return true;
      },
    );
  }
  assert.throws(() => readReplayOptions([], nowMs), /^ReplayError: Say what to do: replay/);
});
