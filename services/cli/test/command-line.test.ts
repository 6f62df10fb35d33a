import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commands } from '../src/commands/commands.ts';
import { roomstream } from './cli.ts';

test('without a command, or with an unknown one, it names all commands on stderr and ends with 2', async () => {
  const runs = [await roomstream([]), await roomstream(['dance'])];
  for (const { status, stdout, stderr } of runs) {
    assert.equal(status, 2);
    assert.equal(stdout, '');
    for (const { name } of commands) assert.ok(stderr.includes(`\n  ${name} `), name);
  }
  assert.match(runs[1]?.stderr ?? '', /^There is no command dance\./);
});

test('--help of every command is on stdout and ends with 0', async () => {
  const overview = await roomstream(['--help']);
  assert.equal(overview.status, 0);
  assert.match(overview.stdout, /roomstream <command>/);
  for (const { name } of commands) {
    const { status, stdout, stderr } = await roomstream([...name.split(' '), '--help']);
    assert.equal(status, 0);
    assert.ok(stdout.includes(`roomstream ${name}`), stdout);
    assert.equal(stderr, '');
  }
});

test('a wrong option is named, with the usage behind it, and ends with 2', async () => {
  const { status, stdout, stderr } = await roomstream(['rooms', '--acount', '1']);
  assert.equal(status, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /^Unknown option '--acount'/);
  assert.match(stderr, /roomstream rooms \[--account/);
  assert.match(
    (await roomstream(['rooms', '--account', '1'])).stderr,
    /^--account must be 12 digits, got "1"/,
  );
  assert.match((await roomstream(['rooms', 'all'])).stderr, /^all is more than this command takes/);
});

test('a Redis that is away is told in one sentence, without a stack, and ends with 1', async () => {
  for (const words of [['rooms'], ['streams'], ['connections'], ['backup']]) {
    const { status, stdout, stderr } = await roomstream(words, { REDIS_URL: 'redis://127.0.0.1:1' });
    assert.equal(status, 1, words.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, /^The Redis of (records|streams) can't be used: .*\n$/);
  }
  const wrong = await roomstream(['rooms'], { REDIS_URL: 'http://127.0.0.1' });
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /^Wrong settings:\n {2}REDIS_URL /);
});
