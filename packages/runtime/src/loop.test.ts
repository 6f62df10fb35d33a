import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { Backoff } from './backoff.ts';
import { type Loop, startLoop } from './loop.ts';

test('pauses grow to their most and start over after a success', () => {
  const backoff = new Backoff(100, 400);
  const within = (ms: number, most: number) => assert.ok(ms >= most / 2 && ms <= most, `${ms} of ${most}`);
  for (const most of [100, 200, 400, 400]) within(backoff.nextMs(), most);
  backoff.reset();
  within(backoff.nextMs(), 100);
});

test('a loop goes on after failures and logs only the change of state', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
  let turns = 0;
  let loop: Loop | undefined;
  await new Promise<void>((resolve) => {
    loop = startLoop(
      'the sweep',
      1,
      async () => {
        turns++;
        if (turns <= 3) throw new Error('not yet');
        if (turns === 5) resolve();
      },
      log,
    );
  });
  await loop?.stop();
  assert.deepEqual(lines, ['the sweep fails; retrying', 'the sweep works again']);
});
