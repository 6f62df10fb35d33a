import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logTargets, moderationLogTargets } from './log-targets.ts';
import { presetQuotas } from './quotas.ts';

const room = { loggingConfigurationIds: ['AAAAAAAAAAAA', 'BBBBBBBBBBBB'] };

test('a full log drops its oldest records unless the account says otherwise', () => {
  assert.deepEqual(logTargets(presetQuotas('ivs'), room), [
    { configuration: 'AAAAAAAAAAAA', whenFull: 'drop-oldest' },
    { configuration: 'BBBBBBBBBBBB', whenFull: 'drop-oldest' },
  ]);
});

test('what is said of one configuration holds for it alone, the others follow the preset', () => {
  const logsWhenFull = { own: { AAAAAAAAAAAA: 'drop-oldest' }, others: 'block' } as const;
  assert.deepEqual(
    logTargets({ logsWhenFull }, room).map(({ whenFull }) => whenFull),
    ['drop-oldest', 'block'],
  );
});

test('a room without logging has the same empty list every time: nothing is made for its messages', () => {
  const quiet = { loggingConfigurationIds: [] };
  assert.deepEqual(logTargets({}, quiet), []);
  assert.equal(logTargets({}, quiet), logTargets(presetQuotas('unlimited'), quiet));
  assert.equal(moderationLogTargets({}, quiet), logTargets({}, quiet));
});

test('what moderators do goes to the same logs, and none of them blocks', () => {
  const logsWhenFull = { own: { AAAAAAAAAAAA: 'block' }, others: 'drop-oldest' } as const;
  assert.deepEqual(moderationLogTargets({ logsWhenFull }, room), [
    { configuration: 'AAAAAAAAAAAA', whenFull: 'exceed' },
    { configuration: 'BBBBBBBBBBBB', whenFull: 'drop-oldest' },
  ]);
});
