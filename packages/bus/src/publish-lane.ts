import { cannotWrite } from '@roomstream/runtime/redis';
import type { LogTarget } from './log-target.ts';
import type { PublishTurns } from './publish-turns.ts';
import type { Published, PublisherParts } from './publishing.ts';
import type { Refusals } from './refusals.ts';
import type { Shard } from './shards.ts';

/** A publish that isn't settled. */
export type Waiting = {
  readonly room: string;
  /** Most publishes of the room in any second; 0: any number. */
  readonly limit: number;
  /** Encoded entries. */
  readonly entries: readonly string[];
  /** Whose message it is, when it has to be reviewed first. */
  readonly reviewedUserId: string | undefined;
  /** Where its frames are logged, if they are: at least one. */
  readonly logs: readonly LogTarget[] | undefined;
  /** When it began, on the monotonic clock. */
  readonly beganMs: number;
  /** The clock of Redis when it was first sent; from then on it may be in the stream. */
  sentAtRedisMs: number | undefined;
  /** Ends the patience, once something went wrong. */
  deadline: NodeJS.Timeout | undefined;
  isSettled: boolean;
  readonly resolve: (outcome: Published) => void;
};

/** A publish that isn't confirmed after this long is unavailable. */
const patienceMs = 2_000;

/** Publishes of one shard that go with one command. */
export type Batch = {
  readonly lane: PublishLane;
  readonly publishes: readonly Waiting[];
  /** Of their entries. */
  readonly characters: number;
};

/** Publishes and characters of one command: a run of the script must not hold Redis up for long. */
export const mostPublishes = 200;
export const mostCharacters = 256 * 1024;

const retryLeastMs = 20;
const retryMostMs = 250;

/**
 * The publishes of one shard, in order. One command of a shard is under way at a time: were there a second one, it could
 * succeed where the first has to be sent again, be it after an error, a lost reply or a redirection, and overtake it.
 */
export class PublishLane {
  readonly shard: Shard;
  readonly #parts: PublisherParts;
  readonly #refusals: Refusals;
  readonly #turns: PublishTurns;
  #queue: Waiting[] = [];
  #isUnderWay = false;
  #pause: NodeJS.Timeout | undefined;
  #failures = 0;
  #isClosed = false;

  constructor(parts: PublisherParts, refusals: Refusals, turns: PublishTurns, shard: Shard) {
    this.#parts = parts;
    this.#refusals = refusals;
    this.#turns = turns;
    this.shard = shard;
  }

  /** Whether the last command failed. What fails goes by itself, so that one broken key costs no other shard. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** Sends it with the others of this turn; behind those that are under way or sent again. */
  add(waiting: Waiting): void {
    this.#queue.push(waiting);
    this.#turns.count(waiting.beganMs);
    this.#sendInTurn();
  }

  /** Settles what waits as unavailable. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#pause);
    for (const waiting of this.#queue.splice(0)) this.#settle(waiting, { kind: 'unavailable' });
  }

  /** Takes what waits first, as much as one command may hold. It is under way until `settle` or `fail`. */
  take(): Batch | undefined {
    if (this.#isUnderWay || this.#pause !== undefined) return undefined;
    const queue = this.#queue.filter((waiting) => !waiting.isSettled);
    const { to, characters } = endOfBatch(queue);
    this.#queue = queue.slice(to);
    if (to === 0) return undefined;
    this.#isUnderWay = true;
    return { lane: this, publishes: queue.slice(0, to), characters };
  }

  /** Redis has answered: an id or a refusal for each publish, from `from` on. */
  settle({ publishes }: Batch, replies: readonly (string | number)[], from: number, sentMs: number): void {
    if (this.#failures > 0) this.#parts.log.info({ shard: this.shard.index }, 'publishing works again');
    this.#failures = 0;
    this.#isUnderWay = false;
    publishes.forEach((waiting, i) => {
      this.#settleReply(waiting, replies[from + i] as string | number, sentMs);
    });
    this.#sendInTurn();
  }

  /** The command has failed: it may have run nevertheless. */
  fail({ publishes }: Batch, err: unknown): void {
    if (this.#failures++ === 0) this.#parts.log.warn({ err, shard: this.shard.index }, 'publishing fails');
    this.#isUnderWay = false;
    if (cannotWrite(err)) {
      for (const waiting of publishes) this.#settle(waiting, { kind: 'unavailable' });
      this.#sendInTurn();
    } else this.#retry(publishes);
  }

  #sendInTurn(): void {
    if (this.#queue.length > 0 && !this.#isUnderWay && this.#pause === undefined) this.#turns.add(this);
  }

  #settleReply(waiting: Waiting, reply: string | number, sentMs: number): void {
    if (typeof reply === 'string') {
      this.#parts.tally.published++;
      this.#settle(waiting, { kind: 'published', entryId: reply });
      return;
    }
    if (reply < 0) {
      this.#settle(waiting, refusalOf(waiting, reply));
      return;
    }
    const waitMs = reply / 1000;
    this.#refusals.remember(waiting.room, waiting.limit, sentMs, waitMs);
    this.#parts.tally.refusedByRedis++;
    this.#settle(waiting, { kind: 'rate-exceeded', retryAfterMs: Math.ceil(waitMs) });
  }

  #retry(batch: readonly Waiting[]): void {
    const nowMs = performance.now();
    const pauseMs =
      Math.min(retryLeastMs * 2 ** Math.min(this.#failures, 6), retryMostMs) * (0.5 + Math.random() / 2);
    this.#parts.tally.publishRetries += batch.length;
    // Those that waited behind the batch lose patience as well.
    this.#queue = [...batch, ...this.#queue].filter((waiting) => this.#isPatient(waiting, nowMs, pauseMs));
    if (this.#queue.length === 0) return;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#turns.sendNow(this);
    }, pauseMs);
  }

  /** Whether it is sent once more, after the pause; settles it when its time is over, at the latest later on. */
  #isPatient(waiting: Waiting, nowMs: number, pauseMs: number): boolean {
    if (waiting.isSettled) return false;
    const leftMs = patienceMs - (nowMs - waiting.beganMs);
    if (this.#isClosed || leftMs <= pauseMs) {
      this.#settle(waiting, { kind: 'unavailable' });
      return false;
    }
    waiting.deadline ??= setTimeout(() => this.#settle(waiting, { kind: 'unavailable' }), leftMs);
    return true;
  }

  #settle(waiting: Waiting, outcome: Published): void {
    if (waiting.isSettled) return;
    waiting.isSettled = true;
    clearTimeout(waiting.deadline);
    if (outcome.kind === 'log-full') this.#parts.tally.refusedByLog++;
    if (outcome.kind === 'unavailable') this.#parts.tally.publishUnavailable++;
    else this.#parts.tally.publishSeconds.observe((performance.now() - waiting.beganMs) / 1000);
    waiting.resolve(outcome);
  }
}

/** -1: too many messages wait for review; -2, -3, ..: the queue of the first, second, .. log is full. */
function refusalOf(waiting: Waiting, reply: number): Published {
  const full = waiting.logs?.[-2 - reply];
  return full === undefined
    ? { kind: 'unavailable' }
    : { kind: 'log-full', configuration: full.configuration };
}

/** How many of the queue one command may hold, and the characters of their entries. */
function endOfBatch(queue: readonly Waiting[]): { to: number; characters: number } {
  let characters = 0;
  let to = 0;
  while (to < queue.length && to < mostPublishes) {
    let more = 0;
    for (const entry of (queue[to] as Waiting).entries) more += entry.length;
    if (characters + more > mostCharacters && to > 0) break;
    characters += more;
    to++;
  }
  return { to, characters };
}
