import { logShippersKey } from './keys.ts';
import { assigneeOf } from './rendezvous.ts';
import type { Scripts } from './scripts.ts';

/** The shippers that live, and which shards are whose. */
export class LogShippers {
  readonly #scripts: Scripts;
  readonly #shipper: string;
  readonly #aliveMs: number;
  #known = '';
  #own: readonly boolean[] = [];

  /** `aliveMs`: a shipper that says nothing for this long is taken for dead. */
  constructor(scripts: Scripts, shipper: string, aliveMs: number) {
    this.#scripts = scripts;
    this.#shipper = shipper;
    this.#aliveMs = aliveMs;
  }

  /**
   * Says that this one lives, and hears of the others; whether that changed whose the shards are. Rejects when Redis is
   * away: then what was known last stays, and leases decide.
   */
  async beat(shards: number): Promise<boolean> {
    const members = await this.#scripts.listShippers(logShippersKey, this.#shipper, this.#aliveMs);
    const known = members.toSorted().join(' ');
    if (known === this.#known) return false;
    this.#known = known;
    this.#own = Array.from({ length: shards }, (_, shard) => assigneeOf(shard, members) === this.#shipper);
    return true;
  }

  /** Whether a shard is to be this shipper's. */
  isOwn(shard: number): boolean {
    return this.#own[shard] === true;
  }

  /** Says that this one goes. Rejects when Redis is away: then it is taken for dead in a while. */
  async signOff(): Promise<void> {
    this.#own = [];
    await this.#scripts.listShippers(logShippersKey, this.#shipper, 0);
  }
}
