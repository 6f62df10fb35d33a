import { logKeys, logLeaseKey } from './keys.ts';
import type { LogLane } from './log-group.ts';
import { parsePosition } from './position.ts';
import type { LogPollReply, Scripts } from './scripts.ts';
import type { Shard } from './shards.ts';

/** What a poll of a shard has found. */
export type LogPoll = {
  readonly lanes: readonly LogLane[];
  /** Records that `drop-oldest` has removed since the last poll of anybody, by `<account><configuration>`. */
  readonly dropped: ReadonlyMap<string, number>;
};

/** A queue that has been empty for this long isn't asked for any more; it is found again when it has records. */
const rememberMs = 60_000;

const accountWidth = 12;

const nothing: LogPoll = { lanes: [], dropped: new Map() };

/** Polls the log queues of one shard. It remembers which there are, since a script may use only keys that it is given. */
export class LogLanes {
  readonly #scripts: Scripts;
  readonly #shard: Shard;
  /** `<account><configuration>` to when it had records last, on the monotonic clock. */
  readonly #seenMs = new Map<string, number>();
  /** Counts of records dropped that a poll has taken and its second call has not returned yet. */
  readonly #untold: string[] = [];

  constructor(scripts: Scripts, shard: Shard) {
    this.#scripts = scripts;
    this.#shard = shard;
  }

  /** Renews the lease and looks at the queues; undefined when the lease is lost. Rejects when Redis is away. */
  async poll(lease: string, leaseMs: number): Promise<LogPoll | undefined> {
    const first = await this.#ask(lease, leaseMs);
    if (first === '' || !hasUnknown(first)) return this.#read(first);
    for (const owner of first[1]) this.#seenMs.set(owner, performance.now());
    this.#untold.push(...first[2]);
    return this.#read(await this.#ask(lease, leaseMs));
  }

  #ask(lease: string, leaseMs: number): Promise<LogPollReply> {
    const owners = [...this.#seenMs.keys()];
    const { tag } = this.#shard;
    const keys = logKeys(
      tag,
      owners.map((owner) => owner.slice(accountWidth)),
    );
    return this.#scripts.pollLogs([logLeaseKey(tag), ...keys], [lease, leaseMs, ...owners]);
  }

  #read(reply: LogPollReply): LogPoll | undefined {
    if (reply === '') return undefined;
    const [rows, , droppedNow] = reply;
    const dropped = [...this.#untold.splice(0), ...droppedNow];
    if (rows.length === 0 && dropped.length === 0 && this.#seenMs.size === 0) return nothing;
    const nowMs = performance.now();
    const lanes = rows.map(([owner, records, oldestId]): LogLane => {
      this.#seenMs.set(owner, nowMs);
      return {
        shard: this.#shard.index,
        account: owner.slice(0, accountWidth),
        configuration: owner.slice(accountWidth),
        records,
        oldestMs: parsePosition(oldestId).ms,
        oldestId,
      };
    });
    for (const [owner, seenMs] of this.#seenMs) {
      if (nowMs - seenMs > rememberMs) this.#seenMs.delete(owner);
    }
    return { lanes, dropped: countsOf(dropped) };
  }
}

function hasUnknown([, unknown]: Exclude<LogPollReply, ''>): boolean {
  return unknown.length > 0;
}

/** From a flat list of names and counts. */
function countsOf(flat: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i < flat.length; i += 2) {
    const owner = flat[i] ?? '';
    counts.set(owner, (counts.get(owner) ?? 0) + Number(flat[i + 1]));
  }
  return counts;
}
