import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { assertSurvived, openReviewFault } from '../src/review-fault.ts';

test('Redis killed and restarted with 1,000 messages in flight: each is answered, none passes twice, no denied one passes', async (t) => {
  const { stage, thousandInFlight } = await openReviewFault(t);
  const crowd = await thousandInFlight();
  const answered = crowd.answered();
  await stage.redis.kill();
  // Of the outage: refused, or submitted after it.
  crowd.send(2);
  await delay(500);
  await stage.redis.restart();
  t.diagnostic(`killed after ${answered} answers, ${await assertSurvived(crowd)}`);
});
