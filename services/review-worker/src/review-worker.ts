import { openBus } from '@roomstream/bus/bus';
import type { ReviewBacklog } from '@roomstream/bus/review-group';
import { startReporter } from '@roomstream/cloudwatch/reporter';
import { newId } from '@roomstream/protocol/ids';
import { sleep } from '@roomstream/runtime/backoff';
import type { Log } from '@roomstream/runtime/log';
import type { Service, Surroundings } from '@roomstream/runtime/service';
import type { Settings } from '@roomstream/runtime/settings';
import { openQuotas } from '@roomstream/store/quotas';
import { watchFile } from '@roomstream/store/watch-file';
import { type HandlerTable, noHandlers, parseHandlerTable } from './handler-table.ts';
import { Handlers } from './handlers.ts';
import { openInvoker } from './invoke.ts';
import { openReviewMetrics } from './metrics.ts';
import { lambdaAccess, type reviewWorkerSettings } from './settings.ts';
import { warmUp } from './warm-up.ts';
import { Worker } from './worker.ts';

type WorkerSettings = Settings<typeof reviewWorkerSettings>;

/** A message that waits this long for its verdict says that there are too few workers, or none that work. */
const backlogReasonMs = 5_000;

/** Longest wait at a start for credentials; where there are none, looking for them takes a while. */
const mostPrepareMs = 500;

/** Longest wait at a stop for the messages in hand. */
const mostStopMs = 10_000;

/**
 * Starts a review worker: messages that wait for review on one side, their handlers on the other. Any number of workers
 * share the messages. Rejects with a plain message when a setting, the handlers file or Redis doesn't let it start.
 */
export async function startReviewWorker(
  settings: WorkerSettings,
  surroundings: Surroundings,
): Promise<Service> {
  const lambda = lambdaAccess.read(settings, settings.region);
  const { log, registry } = surroundings;
  const quotas = await openQuotas(settings, log);
  const table = await openTable(settings.handlersFile, log).catch((error: unknown) => {
    quotas.close();
    throw error;
  });
  const { shards, logBacklogRecords } = settings;
  const bus = await openBus({ access: settings, shards, logBacklogRecords, log, registry }).catch(
    (error: unknown) => {
      quotas.close();
      table.close();
      throw error;
    },
  );
  const { concurrency } = settings;
  const invoker = openInvoker({ lambda, concurrency }, () => table.value(), log);
  // What the first messages would otherwise wait for, at their handlers' expense.
  await Promise.all([warmUp(log), Promise.race([invoker.prepared, sleep(mostPrepareMs)])]);
  const handlers = new Handlers({
    invoke: invoker.invoke,
    concurrency: settings.handlerConcurrency,
    waitMs: settings.handlerWaitMs,
    breakerFailures: settings.breakerFailures,
    breakerLeastMs: settings.breakerLeastMs,
    breakerOpenMs: settings.breakerOpenMs,
    log,
  });
  const metrics = openReviewMetrics(registry, settings.metricUris, {
    backlog: () => group.backlog(),
    inHand: () => worker.inHand,
    openBreakers: () => handlers.openBreakers(),
  });
  // Worker and group know each other: one is given messages by the other, and settles them there.
  const group = bus.reviewGroup(
    { worker: newId(), claimMs: settings.claimMs },
    {
      capacity: () => worker.capacity(),
      onReview: (review, isClaimed) => worker.onReview(review, isClaimed),
    },
  );
  const worker = new Worker({
    region: settings.region,
    handlers,
    group,
    quotas,
    metrics,
    concurrency,
    deadlineMarginMs: settings.deadlineMarginMs,
    nowMs: () => bus.clock.nowMs(),
    log,
  });
  const { cloudWatchPeriodSeconds: periodSeconds } = settings;
  const reporter = settings.cloudWatchMetrics
    ? startReporter({ registry, commands: bus.commands, periodSeconds, log })
    : undefined;
  const state = { isStopping: false };
  const stop = async () => {
    const stopped = new AbortController();
    state.isStopping = true;
    await group.stopTaking();
    // Without Redis nothing can be settled; other workers claim it once it is back.
    await Promise.race([worker.idle(), sleep(mostStopMs, stopped.signal)]);
    stopped.abort();
    await reporter?.close();
    await bus.close();
    invoker.close();
    table.close();
    quotas.close();
  };
  let stopping: Promise<void> | undefined;
  return {
    name: 'review-worker',
    port: undefined,
    notReady: () => [
      ...(state.isStopping ? ['stopping'] : []),
      ...bus.notReady(),
      ...backlogReasons(group.backlog()),
    ],
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

async function openTable(
  path: string | undefined,
  log: Log,
): Promise<{ value(): HandlerTable; close(): void }> {
  if (path === undefined) return { value: () => noHandlers, close: () => undefined };
  return watchFile(path, parseHandlerTable, log);
}

function backlogReasons({ count, oldestMs }: ReviewBacklog): string[] {
  if (oldestMs < backlogReasonMs) return [];
  return [`${count} messages wait for review, the oldest for ${Math.floor(oldestMs / 1000)} s`];
}
