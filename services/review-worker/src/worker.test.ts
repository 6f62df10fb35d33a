import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '@roomstream/bus/entry';
import { decodeReply } from '@roomstream/bus/reply';
import type { WaitingReview } from '@roomstream/bus/review';
import { openLog } from '@roomstream/runtime/log';
import { openMetrics } from '@roomstream/runtime/metrics';
import { quotaDefaults } from '@roomstream/store/quotas';
import { openReviewMetrics } from './metrics.ts';
import { Worker } from './worker.ts';

const review: WaitingReview = {
  account: '000000000000',
  room: 'RRRRRRRRRRRR',
  id: 'IIIIIIIIIIII',
  requestId: 'r',
  content: 'hello',
  attributes: {},
  sender: { userId: 'ann', attributes: {}, ip: '' },
  handler: { uri: 'arn:aws:lambda:us-west-2:000000000000:function:f', fallbackResult: 'ALLOW' },
  maximumMessageLength: 10,
  replyTo: { gateway: 'g', session: 1 },
  logs: [],
  entryId: '1000-0',
  submittedMs: 1_000,
};

for (const isClaimed of [false, true]) {
  test(`a fault of the worker itself ends by fallbackResult, and nothing stays in hand${isClaimed ? ', when it was claimed too' : ''}`, async () => {
    const settled: Entry[] = [];
    const registry = openMetrics();
    const worker = new Worker({
      region: 'us-west-2',
      handlers: { invoke: () => Promise.reject(new Error('a bug')) },
      group: {
        settle: async (_review, entry) => {
          settled.push(entry);
          return 'settled';
        },
        resume: () => undefined,
      },
      quotas: {
        of: () => {
          if (isClaimed) throw new Error('a bug');
          return quotaDefaults;
        },
      },
      metrics: openReviewMetrics(registry, 10, {
        backlog: () => ({ count: 0, oldestMs: 0 }),
        inHand: () => 0,
        openBreakers: () => [],
      }),
      concurrency: 10,
      deadlineMarginMs: 1_000,
      nowMs: () => 1_000,
      log: openLog('test', 'silent'),
    });
    worker.onReview(review, isClaimed);
    worker.onReview({ ...review, handler: { ...review.handler, fallbackResult: 'DENY' } }, isClaimed);
    await worker.idle();
    assert.equal(worker.inHand, 0);
    assert.deepEqual(
      settled.map(({ kind }) => kind),
      ['frame', 'reply'],
    );
    assert.match(`${decodeReply(Buffer.from(settled[1]?.body ?? ''))?.frame}`, /"ErrorCode":406/);
    assert.match(await registry.metrics(), /roomstream_invocation_errors_total\{.*reason="internal"\S* 2/);
  });
}
