import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuery } from './promql.ts';

test('series, matchers and grouping labels of a query are found', () => {
  const query =
    'sum by (le, pod) (rate(a_bucket{x="1",y=~"b|c"}[5m])) > on (job) group_left b unless c offset 1h';
  assert.deepEqual(parseQuery(query), {
    selectors: [
      {
        series: 'a_bucket',
        matchers: [
          { label: 'x', op: '=', value: '1' },
          { label: 'y', op: '=~', value: 'b|c' },
        ],
      },
      { series: 'b', matchers: [] },
      { series: 'c', matchers: [] },
    ],
    labels: ['le', 'pod', 'job'],
  });
});

test('what is no query is refused, with the place', () => {
  for (const wrong of ['sum(a', 'rate(a[5m]', 'a ==', 'sum by pod (a)', 'a{x=1}']) {
    assert.throws(() => parseQuery(wrong), /not PromQL: .*<here>/, wrong);
  }
});
