import { encodeCommand } from './publish-command.ts';
import { type Batch, mostCharacters, mostPublishes, type PublishLane } from './publish-lane.ts';
import type { PublisherParts } from './publishing.ts';

/** How long publishes are remembered: within this time their number counts for a third of itself. */
const fadingMs = 250;

/** Publishes per second of this process from which the pause between two turns is the longest. */
const fullLoadPerSecond = 1_000;

/** Timers can't be shorter. */
const leastPauseMs = 1;

/**
 * When publishes are sent: those of all shards together, with one command where Redis isn't a Cluster. A quiet process
 * sends at the end of the turn of its event loop. In a busy one a pause lies between two turns, up to `mostCollectingMs` as
 * the load grows: commands that are sent together share the system calls, the replies and the pushes that come back, at
 * this process and at those that follow.
 */
export class PublishTurns {
  readonly #parts: PublisherParts;
  readonly #waiting = new Set<PublishLane>();
  #perSecond = 0;
  #countedAtMs = Number.NEGATIVE_INFINITY;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** A command may be for several shards. */
  #spansShards: boolean;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    this.#spansShards = !parts.isCluster;
  }

  /** A publish has come at `nowMs` of the monotonic clock. */
  count(nowMs: number): void {
    const faded = this.#perSecond * Math.exp((this.#countedAtMs - nowMs) / fadingMs);
    this.#perSecond = faded + 1000 / fadingMs;
    this.#countedAtMs = nowMs;
  }

  /** What waits in this lane goes with the next turn. */
  add(lane: PublishLane): void {
    this.#waiting.add(lane);
    if (this.#immediate !== undefined || this.#timer !== undefined) return;
    const pauseMs = this.#parts.mostCollectingMs * Math.min(1, this.#perSecond / fullLoadPerSecond);
    const dueInMs = pauseMs === 0 ? 0 : this.#sentAtMs + pauseMs - performance.now();
    if (dueInMs < leastPauseMs) this.#immediate = setImmediate(() => this.#send());
    else this.#timer = setTimeout(() => this.#send(), dueInMs);
  }

  /** Sends what waits in one lane. */
  sendNow(lane: PublishLane): void {
    const batch = lane.take();
    if (batch !== undefined) void this.#run([batch]);
  }

  /** Sends nothing more. */
  close(): void {
    if (this.#immediate !== undefined) clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
    this.#waiting.clear();
  }

  #send(): void {
    this.#immediate = undefined;
    this.#timer = undefined;
    this.#sentAtMs = performance.now();
    const lanes = [...this.#waiting];
    this.#waiting.clear();
    let together: Batch[] = [];
    let publishes = 0;
    let characters = 0;
    for (const lane of lanes) {
      const batch = lane.take();
      if (batch === undefined) continue;
      if (!this.#spansShards || lane.isFailing) {
        void this.#run([batch]);
        continue;
      }
      publishes += batch.publishes.length;
      characters += batch.characters;
      if (together.length > 0 && (publishes > mostPublishes || characters > mostCharacters)) {
        void this.#run(together);
        together = [];
        publishes = batch.publishes.length;
        characters = batch.characters;
      }
      together.push(batch);
    }
    if (together.length > 0) void this.#run(together);
  }

  /** Runs the script. Never rejects. */
  async #run(batches: readonly Batch[]): Promise<void> {
    const sentMs = performance.now();
    const { keys, args } = encodeCommand(batches, this.#parts);
    try {
      const replies = await this.#parts.scripts.publishEntries(keys, args);
      let from = 0;
      for (const batch of batches) {
        batch.lane.settle(batch, replies, from, sentMs);
        from += batch.publishes.length;
      }
    } catch (err) {
      // A node of a Cluster that is addressed as a single server.
      if (err instanceof Error && err.message.startsWith('CROSSSLOT')) this.#spansShards = false;
      for (const batch of batches) batch.lane.fail(batch, err);
    }
  }
}
