import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatArn, parseArn } from './arn.ts';

test('an ARN reads back to its parts', () => {
  const arn = { region: 'us-west-2', account: '123456789012', kind: 'room', id: 'g1H2I3j4k5L6' } as const;
  assert.equal(formatArn(arn), 'arn:aws:ivschat:us-west-2:123456789012:room/g1H2I3j4k5L6');
  assert.deepEqual(parseArn(formatArn(arn)), arn);
  assert.deepEqual(
    parseArn('arn:aws:ivschat:eu-west-1:1:logging-configuration/a-b')?.kind,
    'logging-configuration',
  );
});

test('what only resembles an ARN is refused', () => {
  const arn = 'arn:aws:ivschat:us-west-2:123456789012:room/g1H2I3j4k5L6';
  for (const text of [
    '',
    'g1H2I3j4k5L6',
    `${arn}/x`,
    `x${arn}`,
    `${arn}\n`,
    arn.replace('ivschat', 'ivs'),
    arn.replace('room', 'channel'),
    arn.replace('us-west-2', 'US'),
    arn.replace('123456789012', 'abc'),
  ]) {
    assert.equal(parseArn(text), undefined, text);
  }
});
