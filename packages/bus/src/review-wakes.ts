import type { Log } from '@roomstream/runtime/log';
import type { RedisAccess } from '@roomstream/runtime/redis';
import { Link, type LinkUser } from './link.ts';
import type { Shard, Shards } from './shards.ts';
import type { Topology } from './topology.ts';

/** What hearing of new messages needs. */
export type ReviewWakesParts = {
  readonly access: RedisAccess;
  readonly shards: Shards;
  readonly topology: Topology;
  readonly log: Log;
};

type Ear = LinkUser & { readonly shard: Shard; link: Link | undefined; isSubscribed: boolean };

const troublePauseMs = 50;

/**
 * Hears which shards have new messages to review, over one connection per master. A wake that is lost costs the time until
 * the next sweep and nothing else, so subscriptions need no catching up.
 */
export class ReviewWakes {
  readonly #parts: ReviewWakesParts;
  readonly #links = new Map<string, Link>();
  readonly #ears: readonly Ear[];
  #trouble: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(parts: ReviewWakesParts, onWake: (shard: Shard) => void) {
    this.#parts = parts;
    this.#ears = parts.shards.all.map((shard) => {
      const ear: Ear = {
        shard,
        channel: shard.wakeChannel,
        link: undefined,
        isSubscribed: false,
        onPush: () => onWake(shard),
        onUp: () => this.#subscribe(ear, onWake),
        onDown: () => {
          ear.isSubscribed = false;
        },
      };
      return ear;
    });
    this.#onTrouble();
  }

  /** Watches the connections and mends what is missing; every second or so. Rejects when Redis is away. */
  async turn(): Promise<void> {
    await Promise.allSettled([...this.#links.values()].map((link) => link.watch()));
    await this.#place();
    for (const ear of this.#ears) if (!ear.isSubscribed && ear.link?.isUp === true) ear.onUp();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#trouble);
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  #subscribe(ear: Ear, onWake: (shard: Shard) => void): void {
    ear.link?.subscribe(ear.channel).then(
      () => {
        ear.isSubscribed = true;
        // What came before the subscription.
        onWake(ear.shard);
      },
      (err: unknown) => this.#parts.log.debug({ err, shard: ear.shard.index }, 'a subscription failed'),
    );
  }

  #onTrouble(): void {
    if (this.#isClosed || this.#trouble !== undefined) return;
    this.#trouble = setTimeout(() => {
      this.#trouble = undefined;
      this.#place().catch((err: unknown) => this.#parts.log.debug({ err }, 'the topology could not be read'));
    }, troublePauseMs);
  }

  /** Hears each shard over the connection to the master that owns it. */
  async #place(): Promise<void> {
    const { topology, access, log } = this.#parts;
    await topology.refresh();
    if (this.#isClosed) return;
    for (const ear of this.#ears) {
      const owner = topology.ownerOf(ear.shard.slot);
      let link = owner === undefined ? undefined : this.#links.get(owner);
      if (owner !== undefined && link === undefined) {
        link = new Link(access, topology.addressOf(owner), log, () => this.#onTrouble());
        this.#links.set(owner, link);
      }
      if (ear.link === link) continue;
      ear.link?.detach(ear);
      ear.link = link;
      link?.attach(ear);
    }
    for (const [owner, link] of this.#links) {
      if (link.size > 0) continue;
      link.close();
      this.#links.delete(owner);
    }
  }
}
