import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundedLabels } from './bounded-labels.ts';

test('the first values keep their own label for good, all others share one', () => {
  const label = boundedLabels(2);
  const labels = ['a', 'b', 'c', 'a', 'd', 'b'].map(label);
  assert.deepEqual(labels, ['a', 'b', 'other', 'a', 'other', 'b']);
});

test('with a bound of 0 no value has a label of its own', () => {
  assert.equal(boundedLabels(0)('a'), 'other');
});
