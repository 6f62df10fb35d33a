import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { durable, type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { startHandlerEndpoint } from './handler-endpoint.ts';
import { lambdaEnv } from './lambda-env.ts';
import { openReviewedCrowd, type ReviewedCrowd } from './reviewed-crowd.ts';
import { openStageOn, type Stage, type StageRedis } from './stage.ts';

/** What the fault tests of message review begin with, and how they go on after the fault. */
export type ReviewFault<R extends StageRedis> = {
  /** Two gateways, two review workers. */
  readonly stage: Stage<R>;
  /** People in so many rooms, until the test is over. */
  crowd(rooms: number): Promise<ReviewedCrowd>;
  /** A crowd that has sent 1,000 messages at once, and has got the first answers. `rooms` is twenty unless told otherwise. */
  thousandInFlight(rooms?: number): Promise<ReviewedCrowd>;
};

/** A request that isn't answered within this time, on the slowest machine, was forgotten. */
export const answerMs = 60_000;

/** Opens it for one test, on a single Redis. */
export async function openReviewFault(t: TestContext): Promise<ReviewFault<RedisServer>> {
  return openReviewFaultOn(t, await startRedis(durable));
}

/** Opens it for one test, on a deployment of Redis that stops with it. */
export async function openReviewFaultOn<R extends StageRedis>(
  t: TestContext,
  redis: R,
): Promise<ReviewFault<R>> {
  const handlers = await startHandlerEndpoint();
  t.after(handlers.close);
  const stage = await openStageOn(redis, {
    reviewWorkers: 2,
    env: lambdaEnv(handlers.url),
    // Time for handlers that a loaded machine doesn't use up: with the default of 200 ms it would be fallbackResult that
    // decides, and nothing of the handlers' verdicts could be lost or doubled.
    accountQuotas: { messageReviewTimeoutMs: 3_000 },
  });
  t.after(stage.close);
  const crowd = async (rooms: number) => {
    const opened = await openReviewedCrowd(stage, handlers, rooms);
    t.after(opened.leave);
    return opened;
  };
  return {
    stage,
    crowd,
    thousandInFlight: async (rooms = 20) => {
      const opened = await crowd(rooms);
      // Two senders in each room.
      opened.send(Math.ceil(1_000 / rooms / 2));
      await eventually(() => opened.answered() >= 100, answerMs);
      assert.ok(opened.answered() < opened.sent(), 'nothing is in flight any more');
      return opened;
    },
  };
}

/** After a fault: every sender sends a few more messages, all are answered, and some by the handlers themselves. */
export async function assertHandlersDecide(crowd: ReviewedCrowd): Promise<void> {
  const passed = crowd.passed();
  crowd.send(3);
  await crowd.settled(answerMs);
  assert.ok(crowd.passed() > passed, 'no handler decides after the fault');
}

/**
 * After an outage of Redis: every sender is answered, handlers decide again, and the crowd's guarantees hold. Says how long
 * the answers took, and what the crowd reports.
 */
export async function assertSurvived(crowd: ReviewedCrowd): Promise<string> {
  const back = performance.now();
  await crowd.settled(answerMs);
  const settledMs = performance.now() - back;
  await assertHandlersDecide(crowd);
  const report = await crowd.assertGuarantees({ mayBeUnsure: true });
  return `all answered ${Math.round(settledMs)} ms after its return: ${JSON.stringify(report)}`;
}
