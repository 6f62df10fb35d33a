import type { LogGroup } from '@roomstream/bus/log-group';
import { Backoff } from '@roomstream/runtime/backoff';
import type { Log } from '@roomstream/runtime/log';
import { windowOf } from './batch.ts';
import type { Amount, Claim } from './buffer-budget.ts';
import type { Target } from './configuration-cache.ts';
import { type Delivery, deliver } from './deliver.ts';
import type { Ticket } from './destination-health.ts';
import type { Lane } from './lane.ts';
import type { LogDestination } from './log-destination.ts';
import type { LoggedConfiguration } from './logged-configuration.ts';
import type { Metrics } from './metrics.ts';
import { type Batch, readBatch } from './read-batch.ts';
import { windowClosedMs } from './schedule.ts';

/** How batches are made and delivered. */
export type ShippingRules = {
  readonly windowMs: number;
  /** A batch at most. */
  readonly batch: Amount;
  /** Longest delivery in milliseconds, by the destination's pace. */
  readonly limitMs: Readonly<Record<LogDestination['pace'], number>>;
};

/** What shipping needs. */
export type ShippingParts = {
  readonly group: Pick<LogGroup, 'read' | 'acknowledge' | 'owns'>;
  readonly rules: ShippingRules;
  readonly metrics: Metrics;
  /** Redis time. */
  readonly nowMs: () => number;
  readonly log: Log;
};

/** A batch that a lane has leave to ship. */
export type Job = {
  readonly lane: Lane;
  readonly configuration: LoggedConfiguration;
  readonly target: Target;
  readonly claim: Claim;
  readonly ticket: Ticket;
};

/** A batch that has reached its destination, or is to be dropped: what is left to do is to acknowledge it. */
export type Delivered = {
  readonly through: string;
  readonly entries: number;
  readonly lineBytes: number;
  readonly nextMs: number | undefined;
  readonly times: readonly number[];
  readonly unreadable: readonly string[];
  readonly rejected: number;
  /** Undefined: dropped. */
  readonly destination: LogDestination | undefined;
};

const unknownFailure = { reason: 'error', err: undefined } as const;

/** A queue that can't be read rests this long. */
const restMs = 500;

/** Ships batches: reads one from the head of a queue, delivers it, and only then acknowledges it. */
export class Shipping {
  readonly #parts: ShippingParts;
  #failures = 0;

  constructor(parts: ShippingParts) {
    this.#parts = parts;
  }

  /** Reads and delivers a lane's next batch. Undefined when nothing is to be acknowledged. Never rejects. */
  async deliverNext(job: Job): Promise<Delivered | undefined> {
    const batch = await this.#read(job);
    if (batch === undefined) return undefined;
    job.claim.shrinkTo(batch.held);
    if (job.target.kind === 'gone') {
      job.configuration.tellGone();
      return delivered(batch, 0, undefined);
    }
    const { destination } = job.target;
    const before = job.lane.retry?.rejected ?? 0;
    if (batch.rooms.length === 0) return delivered(batch, before, destination);
    const rejected = await this.#deliver(job, batch, destination);
    return rejected === undefined ? undefined : delivered(batch, rejected, destination);
  }

  async #read({ lane, target, claim }: Job): Promise<Batch | undefined> {
    const { group, rules, nowMs } = this.#parts;
    const isWindow = target.kind === 'known' && target.destination.pace === 'window';
    const room = claim.amount();
    const cut = isWindow ? { ...rules.batch, windowMs: rules.windowMs } : { ...room, windowMs: undefined };
    const { account } = lane.queue;
    let portions = 0;
    const read = (after: string, count: number) => {
      portions++;
      return group.read(lane.queue, after, count);
    };
    // What comes while it is read may belong to it as well.
    const begunMs = nowMs();
    try {
      const reading = await readBatch(read, { cut, room, retry: lane.retry, account });
      this.#tellReading(undefined);
      switch (reading.kind) {
        case 'batch': {
          const { batch } = reading;
          if (isWindow && !batch.isClosed && begunMs < windowClosedMs(rules, batch.firstMs)) {
            lane.queue = { ...lane.queue, records: batch.entries, oldestMs: batch.firstMs };
            return undefined;
          }
          // Who was paused between two portions for longer than his lease may have missed what the next owner shipped: the
          // rest would be an object of another name beside the whole one.
          if (!isWindow || portions === 1 || (await group.owns(lane.queue))) return batch;
          lane.retry = undefined;
          return undefined;
        }
        case 'empty':
          // What was to be delivered once more has been dropped by a full queue: on with what stands there now.
          if (lane.retry === undefined) lane.queue = { ...lane.queue, records: 0 };
          lane.retry = undefined;
          return undefined;
        case 'outgrown':
          lane.hasOutgrown = true;
          lane.retry = undefined;
          return undefined;
        default:
          return reading satisfies never;
      }
    } catch (err) {
      this.#tellReading(err);
      lane.rest(performance.now() + restMs);
      return undefined;
    }
  }

  /** Resolves with the number of records that were refused for good, when all rooms have theirs. */
  async #deliver(job: Job, batch: Batch, destination: LogDestination): Promise<number | undefined> {
    const { lane, configuration, ticket } = job;
    const { windowMs, limitMs } = this.#parts.rules;
    const abort = lane.beginDelivery();
    const windowStartMs = windowOf(batch.firstMs, windowMs);
    const delivery = await deliver(destination, batch, windowStartMs, limitMs[destination.pace], abort);
    const isInterrupted = lane.endDelivery();
    const rejected = delivery.rejected + (lane.retry?.rejected ?? 0);
    if (delivery.failures.length === 0) {
      if (configuration.health.succeed(ticket) === 'working') configuration.tellWorking(destination.kind);
      return rejected;
    }
    const { through, entries, bytes } = batch;
    const delivered = new Map([...(lane.retry?.delivered ?? []), ...delivery.delivered]);
    lane.retry = { through, entries, bytes, rejected, delivered };
    if (!isInterrupted) this.#fail(job, delivery, destination);
    return undefined;
  }

  #fail({ lane, configuration, ticket }: Job, delivery: Delivery, destination: LogDestination): void {
    const { health, arn } = configuration;
    const nowMs = performance.now();
    const hasProgress = delivery.delivered.size > 0;
    const wasFailing = health.isFailing;
    for (const { reason } of delivery.failures) this.#parts.metrics.failed(arn, reason);
    const [{ reason, err } = unknownFailure] = delivery.failures;
    // One room that can't be written must not bring down the destination for all others again and again: when it has
    // worked for those since this queue failed last, the fault is in this one's rooms.
    if (!wasFailing && lane.failures > 0) {
      if (lane.failures === 1) configuration.tellRoomsFailing(reason, err, destination.kind);
    } else if (health.fail(ticket, hasProgress, nowMs) !== undefined) {
      configuration.tellFailing(reason, err, destination.kind);
    }
    if (!wasFailing) lane.pause(nowMs, hasProgress);
  }

  /** Moves the head of the queue behind a batch; tries until Redis answers or the lane is given up. Never rejects. */
  async acknowledge({ lane, configuration, target }: Job, shipped: Delivered): Promise<void> {
    const { group, metrics, nowMs } = this.#parts;
    const outcome = await this.#tryAcknowledge(group, lane, shipped.through);
    // Lost or given up: whoever has the shard now delivers it again.
    if (outcome !== 'acknowledged') {
      lane.retry = undefined;
      return;
    }
    const { destination, times, rejected, unreadable, lineBytes } = shipped;
    const { arn } = configuration;
    if (destination === undefined) metrics.dropped(arn, 'deleted', times.length);
    else {
      // What was refused at earlier tries may have been dropped by a full queue since.
      const count = Math.max(times.length - rejected, 0);
      metrics.shipped(destination.kind, times, count, lineBytes, nowMs());
    }
    metrics.dropped(arn, 'rejected', rejected);
    metrics.dropped(arn, 'unreadable', unreadable.length);
    if (rejected > 0) configuration.tellRejected(rejected, destination?.kind ?? '');
    if (unreadable.length > 0) configuration.tellUnreadable(unreadable);
    if (lane.failures > 1) configuration.tellRoomsWorking();
    const pace = target.kind === 'known' ? target.destination.pace : 'live';
    lane.advance(shipped.entries, shipped.nextMs, pace);
  }

  async #tryAcknowledge(
    group: ShippingParts['group'],
    lane: Lane,
    through: string,
  ): Promise<'acknowledged' | 'lost' | 'given-up'> {
    const backoff = new Backoff(20, 500);
    const { signal } = lane.released;
    for (;;) {
      try {
        const outcome = await group.acknowledge(lane.queue, through);
        this.#tellReading(undefined);
        return outcome;
      } catch (err) {
        this.#tellReading(err);
        if (signal.aborted) return 'given-up';
        await backoff.pause(signal);
      }
    }
  }

  /** One line when queues can't be read or acknowledged, one when they can again. */
  #tellReading(err: unknown): void {
    const { log } = this.#parts;
    if (err === undefined) {
      if (this.#failures > 0) log.info('queues of logs can be read again');
      this.#failures = 0;
    } else if (this.#failures++ === 0) {
      log.warn({ err }, 'a queue of logs can’t be read or acknowledged; retrying');
    }
  }
}

function delivered(batch: Batch, rejected: number, destination: LogDestination | undefined): Delivered {
  const { through, entries, lineBytes, nextMs, times, unreadable } = batch;
  return { through, entries, lineBytes, nextMs, times, unreadable, rejected, destination };
}
