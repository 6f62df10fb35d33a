import assert from 'node:assert/strict';
import { test } from 'node:test';
import { metricNameOf, parseExposition } from './exposition.ts';

const page = `# HELP sent_total Sent, "so" far.
# TYPE sent_total counter
sent_total{to="a\\"b",by="x"} 1
sent_total{to="c",by="x"} 2
# HELP wait_seconds Wait.
# TYPE wait_seconds histogram
wait_seconds_bucket{le="+Inf"} 0
wait_seconds_sum 0
wait_seconds_count 0
# HELP silent Nothing yet.
# TYPE silent gauge
`;

test('a page of metrics is read: names, types, help, labels and their values', () => {
  assert.deepEqual(parseExposition(page), [
    {
      name: 'sent_total',
      type: 'counter',
      help: 'Sent, "so" far.',
      labels: new Map([
        ['to', new Set(['a\\"b', 'c'])],
        ['by', new Set(['x'])],
      ]),
      hasSeries: true,
    },
    { name: 'wait_seconds', type: 'histogram', help: 'Wait.', labels: new Map(), hasSeries: true },
    { name: 'silent', type: 'gauge', help: 'Nothing yet.', labels: new Map(), hasSeries: false },
  ]);
});

test('a series that nothing declares is refused', () => {
  assert.throws(() => parseExposition('stray 1'), /no series of a declared metric: stray 1/);
});

test('series of a histogram belong to it', () => {
  const names = new Set(['wait_seconds', 'all_count']);
  assert.equal(metricNameOf('wait_seconds_bucket', names), 'wait_seconds');
  assert.equal(metricNameOf('all_count', names), 'all_count');
  assert.equal(metricNameOf('other_bucket', names), undefined);
});
