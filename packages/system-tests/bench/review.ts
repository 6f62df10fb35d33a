import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds } from '../src/process-usage.ts';
import { openReviewLoad, type Quantiles, type ReviewLoad } from '../src/review-load.ts';
import { failureReasons } from '../src/review-metrics.ts';
import type { Stage } from '../src/stage.ts';
import type { Row } from './table.ts';
import { redisCpu } from './usage.ts';

const handlerMs = 20;
const rooms = 20;
/** As long as the compiler goes on to make invocations faster. */
const warmUpSeconds = 20;
const seconds = 20;
/** The issue's two loads. */
const quietPerSecond = 200;
const busyPerSecond = 1_000;

/** Twenty rooms with handlers of 20 ms on two workers: what review adds, what it sustains, and what it costs. */
export async function benchReview(stage: Stage, handlersPid: number): Promise<readonly Row[]> {
  const load = await openReviewLoad(stage, handlerMs, rooms);
  try {
    const quiet = await measure(load, quietPerSecond);
    const used = await usage(stage, handlersPid);
    const busy = await measure(load, busyPerSecond);
    const now = await usage(stage, handlersPid);
    const perMessage = (part: keyof typeof now) =>
      `${(((now[part] - used[part]) * 1e6) / busy.sentInAll).toFixed(0)}`;
    return [
      ['review: rooms, workers, handler', `${rooms}, ${stage.fleet.reviewWorkers.length}, ${handlerMs} ms`],
      [`added at ${quietPerSecond} messages a second, p50 / p99 / most, ms`, spread(quiet.addedMs)],
      [`messages sent at ${busyPerSecond} a second (passed, left to fallbackResult, refused)`, outcome(busy)],
      [
        'handlers not asked, or not answering in time, in the whole run',
        reasons(await failureReasons(stage)),
      ],
      ['passed a second', (busy.delivered / busy.tookSeconds).toFixed(0)],
      ['added, p50 / p99 / most, ms', spread(busy.addedMs)],
      ['from sending to receiving, p50 / p99 / most, ms', spread(busy.totalMs)],
      [
        'CPU microseconds a message: workers, gateways, Redis (handlers, load)',
        `${perMessage('workers')}, ${perMessage('gateways')}, ${perMessage('redis')} (${perMessage('handlers')}, ${perMessage('load')})`,
      ],
    ];
  } finally {
    load.leave();
  }
}

type Measured = ReturnType<ReviewLoad['report']> & {
  readonly tookSeconds: number;
  readonly sentInAll: number;
};

/** Warms up, measures, and waits a few seconds for the last answers: what hasn't come by then is missing. */
async function measure(load: ReviewLoad, perSecond: number): Promise<Measured> {
  await load.run(perSecond, warmUpSeconds);
  load.reset();
  const start = performance.now();
  await load.run(perSecond, seconds);
  const tookSeconds = (performance.now() - start) / 1000;
  for (let tries = 0; tries < 10; tries++) {
    const { sent, delivered, denied, otherErrors } = load.report();
    if (delivered + denied + otherErrors === sent) break;
    await delay(500);
  }
  // The warm-up's CPU is counted, so its messages are too.
  return { ...load.report(), tookSeconds, sentInAll: perSecond * (warmUpSeconds + seconds) };
}

/** CPU-seconds so far. */
async function usage(stage: Stage, handlersPid: number) {
  const sum = (processes: readonly { readonly pid: number }[]) =>
    processes.reduce((total, { pid }) => total + cpuSeconds(pid), 0);
  return {
    workers: sum(stage.fleet.reviewWorkers),
    gateways: sum(stage.fleet.gateways),
    redis: await redisCpu(stage.redis.port),
    handlers: cpuSeconds(handlersPid),
    load: cpuSeconds(process.pid),
  };
}

const reasons = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ') || 'none';

const spread = ({ p50, p99, most }: Quantiles): string =>
  `${p50.toFixed(2)} / ${p99.toFixed(2)} / ${most.toFixed(1)}`;

const outcome = ({ sent, delivered, denied, otherErrors }: Measured): string =>
  `${sent} (${delivered}, ${denied}, ${otherErrors}${sent > delivered + denied + otherErrors ? `, ${sent - delivered - denied - otherErrors} missing` : ''})`;
