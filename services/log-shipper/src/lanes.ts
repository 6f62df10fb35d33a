import type { LogLane, LogListener } from '@roomstream/bus/log-group';
import type { Log } from '@roomstream/runtime/log';
import type { BufferBudget } from './buffer-budget.ts';
import { ConfigurationCache, type ConfigurationCacheParts, type Target } from './configuration-cache.ts';
import { FirstInLine } from './first-in-line.ts';
import { Lane } from './lane.ts';
import { LoggedConfiguration } from './logged-configuration.ts';
import type { ConfigurationBacklog } from './metrics.ts';
import { type Job, Shipping, type ShippingParts, type ShippingRules } from './ship.ts';

/** What may be shipped at once, and how. */
export type LaneRules = ShippingRules & {
  /** Batches of one configuration that are read or delivered at once at most. */
  readonly concurrency: number;
  /** Records that may wait in one queue. */
  readonly backlogRecords: number;
};

/** What the lanes need. */
export type LanesParts = Omit<ShippingParts, 'rules'> &
  Pick<ConfigurationCacheParts, 'load' | 'destinationOf'> & {
    readonly region: string;
    readonly rules: LaneRules;
    readonly budget: BufferBudget;
    readonly log: Log;
  };

/** Windows become due, pauses end and records of configurations are read again at ticks. */
const tickMs = 200;

/** What happens together is looked at once. */
const gatherMs = 5;

/** A shard that is given up has this long for what is under way, before that is interrupted: the bus waits 10 s. */
const releaseMs = 8_000;

/** After a fault a lane rests. */
const restMs = 1_000;

/** A configuration without records is forgotten after this long. */
const forgetMs = 60_000;

/**
 * All queues that this shipper ships. Decides which one's batch is next: configurations take turns, each with so many at
 * once, as far as the buffer has room, and one at a time while its destination fails.
 */
export class Lanes implements LogListener {
  readonly #parts: LanesParts;
  readonly #cache: ConfigurationCache;
  readonly #shipping: Shipping;
  readonly #shards = new Map<number, Map<string, Lane>>();
  /** By account and id; who began a batch last comes last. */
  readonly #configurations = new Map<string, LoggedConfiguration>();
  readonly #line = new FirstInLine<LoggedConfiguration>();
  readonly #releasing = new Set<number>();
  readonly #tick: NodeJS.Timeout;
  #gathering: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(parts: LanesParts) {
    this.#parts = parts;
    this.#shipping = new Shipping(parts);
    const { load, destinationOf, log } = parts;
    const onLoaded = (key: string, hasMoved: boolean) => this.#onLoaded(key, hasMoved);
    const nowMs = () => performance.now();
    this.#cache = new ConfigurationCache({ load, destinationOf, onLoaded, nowMs, log });
    this.#tick = setInterval(() => this.#onTick(), tickMs);
  }

  onLanes(shard: number, queues: readonly LogLane[], dropped: ReadonlyMap<string, number>): void {
    for (const [key, count] of dropped) this.#onDropped(key, count);
    // What it still ships of a shard that comes back must end first.
    if (this.#releasing.has(shard) || this.#isClosed) return;
    const lanes = this.#shards.get(shard) ?? new Map<string, Lane>();
    this.#shards.set(shard, lanes);
    const empty = new Set(lanes.keys());
    for (const queue of queues) {
      const key = queue.account + queue.configuration;
      empty.delete(key);
      const lane = lanes.get(key);
      if (lane !== undefined) {
        lane.queue = queue;
        continue;
      }
      const added = new Lane(queue);
      lanes.set(key, added);
      this.#configuration(key).lanes.add(added);
    }
    for (const key of empty) {
      const lane = lanes.get(key);
      if (lane === undefined || lane.isBusy) continue;
      lanes.delete(key);
      this.#configurations.get(key)?.lanes.delete(lane);
    }
    this.#soon();
  }

  async onRelease(shard: number): Promise<void> {
    const lanes = [...(this.#shards.get(shard) ?? [])];
    this.#shards.delete(shard);
    for (const [key, lane] of lanes) this.#configurations.get(key)?.lanes.delete(lane);
    const busy = lanes.map(([, lane]) => lane).filter((lane) => lane.isBusy);
    if (busy.length === 0) return;
    this.#releasing.add(shard);
    const deadline = setTimeout(() => {
      for (const lane of busy) {
        lane.interrupt('the shard is given up');
        lane.released.abort();
      }
    }, releaseMs);
    await Promise.all(busy.map((lane) => lane.done));
    clearTimeout(deadline);
    this.#releasing.delete(shard);
  }

  /** What waits, by configuration. */
  backlogs(): ConfigurationBacklog[] {
    const { nowMs, rules } = this.#parts;
    const redisMs = nowMs();
    return [...this.#configurations.values()].map((one) => one.backlog(redisMs, rules.backlogRecords));
  }

  /** Begins nothing more; what is under way is interrupted and not acknowledged. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#tick);
    clearTimeout(this.#gathering);
    for (const lanes of this.#shards.values()) {
      for (const lane of lanes.values()) {
        lane.interrupt('the shipper is closed');
        lane.released.abort();
      }
    }
  }

  #configuration(key: string): LoggedConfiguration {
    const known = this.#configurations.get(key);
    if (known !== undefined) return known;
    const { region, log } = this.#parts;
    const added = new LoggedConfiguration(region, key.slice(0, 12), key.slice(12), log);
    added.lastUsedMs = performance.now();
    this.#configurations.set(key, added);
    return added;
  }

  #onDropped(key: string, count: number): void {
    const configuration = this.#configuration(key);
    this.#parts.metrics.dropped(configuration.arn, 'backlog', count);
    configuration.tellDropped(count);
  }

  #onLoaded(key: string, hasMoved: boolean): void {
    const configuration = this.#configurations.get(key);
    if (hasMoved && configuration !== undefined) {
      configuration.tellMoved();
      configuration.health.reset();
      for (const lane of configuration.lanes) {
        lane.resume();
        lane.interrupt('the logging configuration has another destination now');
      }
    }
    this.#soon();
  }

  #onTick(): void {
    const nowMs = performance.now();
    const redisMs = this.#parts.nowMs();
    for (const [key, configuration] of this.#configurations) {
      const { account, id, lanes, underWay } = configuration;
      configuration.watch(configuration.backlog(redisMs, this.#parts.rules.backlogRecords));
      if (lanes.size > 0 || underWay > 0) {
        configuration.lastUsedMs = nowMs;
        // Also while it waits or fails: its record may have changed.
        this.#cache.get(account, id);
      } else if (nowMs - configuration.lastUsedMs > forgetMs) {
        this.#configurations.delete(key);
        this.#cache.forget(account, id);
      }
    }
    this.#begin();
  }

  #soon(): void {
    if (this.#isClosed) return;
    this.#gathering ??= setTimeout(() => this.#begin(), gatherMs);
  }

  /** Begins all batches that may begin: rounds in which each configuration has a turn. */
  #begin(): void {
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    let hasBegun = !this.#isClosed;
    while (hasBegun) {
      hasBegun = false;
      for (const [key, configuration] of [...this.#configurations]) {
        const job = this.#nextJob(configuration);
        if (job === undefined) continue;
        hasBegun = true;
        this.#configurations.delete(key);
        this.#configurations.set(key, configuration);
        job.lane.begin();
        job.lane.done = this.#run(job);
      }
    }
  }

  #nextJob(configuration: LoggedConfiguration): Job | undefined {
    const nowMs = performance.now();
    if (!this.#line.admits(configuration, nowMs)) return undefined;
    const next = this.#nextLane(configuration);
    if (next === undefined) {
      this.#line.leave(configuration);
      return undefined;
    }
    const { lane, target } = next;
    const { holder, health, lanes, underWay } = configuration;
    const claim = this.#parts.budget.take(holder, lane.need(this.#parts.rules.batch));
    if (claim === undefined) {
      // Who has something under way isn't starved, and what fails isn't worth waiting for.
      if (underWay === 0 && !health.isFailing) this.#line.refused(configuration, nowMs);
      return undefined;
    }
    this.#line.leave(configuration);
    lanes.delete(lane);
    lanes.add(lane);
    return { lane, configuration, target, claim, ticket: health.begin() };
  }

  /** The queue whose batch may begin if there is room for it. */
  #nextLane({ account, id, lanes, health, underWay }: LoggedConfiguration) {
    if (lanes.size === 0 || underWay >= this.#parts.rules.concurrency) return undefined;
    const target = this.#cache.get(account, id);
    if (target === undefined) return undefined;
    if (target.kind === 'known' && !health.admits(performance.now())) return undefined;
    const lane = this.#dueLane(lanes, target);
    return lane === undefined ? undefined : { lane, target };
  }

  #dueLane(lanes: ReadonlySet<Lane>, target: Target): Lane | undefined {
    const pace = target.kind === 'known' ? target.destination.pace : 'live';
    const { windowMs, batch } = this.#parts.rules;
    const schedule = { windowMs, batchRecords: batch.records };
    const [nowMs, redisMs] = [performance.now(), this.#parts.nowMs()];
    for (const lane of lanes) if (lane.isDue(pace, schedule, nowMs, redisMs)) return lane;
    return undefined;
  }

  /** Ships one batch. Never rejects. */
  async #run(job: Job): Promise<void> {
    const { lane, configuration, claim, ticket } = job;
    configuration.underWay++;
    try {
      const delivered = await this.#shipping.deliverNext(job).finally(() => {
        // Redis may be away for longer: neither the buffer nor the turns of other shards wait for the acknowledgement.
        claim.release();
        configuration.underWay--;
        configuration.health.cancel(ticket);
        this.#soon();
      });
      if (delivered !== undefined) await this.#shipping.acknowledge(job, delivered);
    } catch (err) {
      // A fault of ours; the others are shipped all the same.
      this.#parts.log.error({ err, arn: configuration.arn }, 'a batch of logs could not be shipped');
      lane.rest(performance.now() + restMs);
    }
    lane.isBusy = false;
    this.#soon();
  }
}
