import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { loggedError } from './log-error.ts';

test('a log shows of an error its type, texts and codes, and never the arguments of a Redis command', () => {
  const command = { name: 'auth', args: ['default', 'the password'] };
  const failed = Object.assign(new TypeError('refused'), { code: 'EREFUSED', command });
  const error = Object.assign(new Error('outer', { cause: failed }), { lastNodeError: failed, command });
  const lines: string[] = [];
  const log = pino({ serializers: { err: loggedError } }, { write: (text) => lines.push(text) });
  log.warn({ err: error }, 'Redis is away');
  log.error(failed);
  const line = lines.join('');
  assert.ok(!line.includes('the password'), line);
  assert.match(line, /"message":"outer: refused"/);
  assert.match(line, /"type":"TypeError","message":"refused".*"code":"EREFUSED","command":"auth"/);
});
