import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Log } from '@roomstream/runtime/log';
import { LoggedConfiguration } from './logged-configuration.ts';

const [region, account, id] = ['us-west-2', '000000000000', 'configOneTwo'];

/** A configuration whose log lines are collected as `<level> <text>`. */
function openConfiguration() {
  const lines: string[] = [];
  const named: unknown[] = [];
  const write = (level: string) => (first: unknown, second?: string) =>
    void lines.push(`${level} ${second ?? (first as string)}`);
  const log = { info: write('info'), warn: write('warn'), error: write('error') };
  const child = (fields: unknown) => {
    named.push(fields);
    return log;
  };
  const configuration = new LoggedConfiguration(region, account, id, { child } as unknown as Log);
  const watch = (fullRatio: number) =>
    configuration.watch({ arn: '', records: 0, oldestMs: 0, isFailing: false, fullRatio });
  return { configuration, lines, named, watch };
}

test('log lines name the configuration’s ARN', () => {
  const { named } = openConfiguration();
  assert.deepEqual(named, [
    { loggingConfiguration: `arn:aws:ivschat:${region}:${account}:logging-configuration/${id}` },
  ]);
});

test('a log that fills up is told once at 80 %, and once that it has room again, below 50 %', () => {
  const { lines, watch } = openConfiguration();
  for (const ratio of [0, 0.79, 0.8, 0.9, 1, 0.79, 0.85, 0.5]) watch(ratio);
  assert.deepEqual(lines, ['warn the log of a configuration is nearly full; soon its whenFull decides']);
  for (const ratio of [0.49, 0.2, 0.79]) watch(ratio);
  assert.deepEqual(lines.slice(1), ['info the log of a configuration has room again']);
});

test('that records are dropped is told once until the log has room again', () => {
  const { configuration, lines, watch } = openConfiguration();
  for (let i = 0; i < 3; i++) configuration.tellDropped(10);
  watch(1);
  watch(0.1);
  configuration.tellDropped(1);
  assert.deepEqual(
    lines.map((line) => line.split(' ')[0]),
    ['error', 'info', 'error'],
  );
});

test('a destination that fails is told once for each reason, and once that it works again', () => {
  const { configuration, lines } = openConfiguration();
  const fail = (reason: string) => configuration.tellFailing(reason, new Error(reason), 's3');
  for (const reason of ['timeout', 'timeout', 'access-denied', 'access-denied']) fail(reason);
  configuration.tellWorking('s3');
  fail('timeout');
  assert.deepEqual(
    lines.map((line) => line.split(' ')[0]),
    ['warn', 'warn', 'info', 'warn'],
  );
});

test('records that are refused with every batch are told once in a while', () => {
  const { configuration, lines } = openConfiguration();
  for (let i = 0; i < 100; i++) configuration.tellRejected(1, 's3');
  assert.deepEqual(lines, ['warn records were refused for good; dropped']);
});
