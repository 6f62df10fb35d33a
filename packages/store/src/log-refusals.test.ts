import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLog } from '@roomstream/runtime/log';
import { openMetrics } from '@roomstream/runtime/metrics';
import { openLogRefusals } from './log-refusals.ts';

const arn = (id: string) => `arn:aws:ivschat:eu-west-1:123456789012:logging-configuration/${id}`;

function open() {
  const warned: string[] = [];
  const log = openLog('test', 'silent');
  log.warn = (fields: unknown) =>
    void warned.push((fields as { loggingConfiguration: string }).loggingConfiguration);
  const registry = openMetrics();
  const clock = { nowMs: 0 };
  const refusals = openLogRefusals({ registry, log, region: 'eu-west-1', nowMs: () => clock.nowMs });
  const counts = async () => {
    const metric = await registry.getSingleMetric('roomstream_log_full_refusals_total')?.get();
    return metric?.values.map(({ labels, value }) => [labels['logging_configuration'], value]);
  };
  return { refusals, warned, clock, counts };
}

test('every refusal is counted, by the ARN of the logging configuration', async () => {
  const { refusals, counts } = open();
  for (const id of ['AAAAAAAAAAAA', 'BBBBBBBBBBBB', 'AAAAAAAAAAAA']) refusals.add('123456789012', id);
  assert.deepEqual(await counts(), [
    [arn('AAAAAAAAAAAA'), 2],
    [arn('BBBBBBBBBBBB'), 1],
  ]);
});

test('a configuration that refuses is logged once a minute, not once a message', () => {
  const { refusals, warned, clock } = open();
  for (let i = 0; i < 100; i++) refusals.add('123456789012', 'AAAAAAAAAAAA');
  refusals.add('123456789012', 'BBBBBBBBBBBB');
  clock.nowMs = 59_000;
  refusals.add('123456789012', 'AAAAAAAAAAAA');
  clock.nowMs = 61_000;
  refusals.add('123456789012', 'AAAAAAAAAAAA');
  assert.deepEqual(
    warned,
    ['AAAAAAAAAAAA', 'BBBBBBBBBBBB', 'AAAAAAAAAAAA'].map((id) => arn(id)),
  );
});

test('however many configurations refuse, the labels are bounded', async () => {
  const { refusals, counts } = open();
  for (let i = 0; i < 1_500; i++) refusals.add('123456789012', `${i}`.padStart(12, '0'));
  const values = (await counts()) ?? [];
  assert.equal(values.length, 1_001);
  assert.deepEqual(values.at(-1), ['other', 500]);
});
