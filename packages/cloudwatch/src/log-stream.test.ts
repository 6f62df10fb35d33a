import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countRejected } from './log-stream.ts';

test('rejected events are those before the old and from the new ones on', () => {
  assert.equal(countRejected(undefined, 10), 0);
  assert.equal(countRejected({}, 10), 0);
  assert.equal(countRejected({ tooOldLogEventEndIndex: 3 }, 10), 3);
  assert.equal(countRejected({ tooOldLogEventEndIndex: 3, expiredLogEventEndIndex: 4 }, 10), 4);
  assert.equal(countRejected({ tooNewLogEventStartIndex: 8 }, 10), 2);
  assert.equal(countRejected({ expiredLogEventEndIndex: 1, tooNewLogEventStartIndex: 8 }, 10), 3);
  assert.equal(countRejected({ tooOldLogEventEndIndex: 10 }, 10), 10);
  assert.equal(countRejected({ tooNewLogEventStartIndex: 0 }, 10), 10);
});
