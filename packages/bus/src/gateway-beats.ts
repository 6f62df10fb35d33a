import { tryFor } from '@roomstream/runtime/backoff';
import type { Log } from '@roomstream/runtime/log';
import { type Loop, startLoop } from '@roomstream/runtime/loop';
import type { RedisClient } from '@roomstream/runtime/redis';
import { gatewayKey } from './keys.ts';
import { formatStanding, parseStanding, type Standing } from './standing.ts';

/** The places of a gateway by shard: up to there all its connections certainly had everything. */
export type Places = ReadonlyMap<number, Standing>;

/** A gateway by its last heartbeat. */
export type Gateway = {
  readonly isAlive: boolean;
  /** Milliseconds of Redis time; undefined: nothing is known of it. */
  readonly beatMs: number | undefined;
  /** Its place in the shard that was asked for; also that of a dead gateway, for as long as anybody may ask. */
  readonly place: Standing | undefined;
};

/** A gateway that hasn't said so for this long is dead, and its connections are gone. */
const aliveMs = 15_000;
const everyMs = 1_000;

/** How long its places are known: longer than any record of a lost connection lives. */
const keptMs = 900_000;

/** How long a start waits for Redis. */
const patienceMs = 5_000;

/** What heartbeats need of the bus. */
export type BeatsBus = { readonly commands: RedisClient; readonly clock: { nowMs(): number } };

/** The heartbeats of gateways, in which they say where their connections are; and that of this one. */
export class GatewayBeats {
  readonly #bus: BeatsBus;
  readonly #gatewayId: string;
  readonly #loop: Loop;
  /** What was heard of others since the last heartbeat: after one gateway's death many ask for it. */
  readonly #heard = new Map<string, Promise<string | null>>();

  private constructor(bus: BeatsBus, gatewayId: string, log: Log, places: () => Places) {
    this.#bus = bus;
    this.#gatewayId = gatewayId;
    const turn = () => {
      this.#heard.clear();
      return beat(bus, gatewayId, places());
    };
    this.#loop = startLoop('the heartbeat of this gateway', everyMs, turn, log);
  }

  /** Resolves when this gateway is known to be alive. Rejects when Redis is away. */
  static async open(bus: BeatsBus, gatewayId: string, log: Log, places: () => Places): Promise<GatewayBeats> {
    // A Cluster's client connects to a master only when the first command needs it, which fails.
    await tryFor(patienceMs, () => beat(bus, gatewayId, places()));
    return new GatewayBeats(bus, gatewayId, log, places);
  }

  /** What is known of a gateway; at most a second old, or asked for now. Rejects when Redis is away. */
  async of(gatewayId: string, shard: number, isFresh: boolean): Promise<Gateway> {
    if (isFresh) this.#heard.delete(gatewayId);
    const text = (await this.#hear(gatewayId)) ?? '';
    const beatMs = text === '' ? undefined : Number.parseInt(text, 10);
    const isAlive = beatMs !== undefined && this.#bus.clock.nowMs() - beatMs < aliveMs;
    return { isAlive, beatMs, place: placeIn(text, shard) };
  }

  /** Beats no more. */
  stop(): Promise<void> {
    return this.#loop.stop();
  }

  /** This gateway is gone, and nobody needs its places any more. */
  async forget(): Promise<void> {
    await this.#bus.commands.del(gatewayKey(this.#gatewayId));
  }

  #hear(gatewayId: string): Promise<string | null> {
    const known = this.#heard.get(gatewayId);
    if (known !== undefined) return known;
    const text = this.#bus.commands.get(gatewayKey(gatewayId));
    this.#heard.set(gatewayId, text);
    text.catch(() => this.#heard.delete(gatewayId));
    return text;
  }
}

async function beat({ commands, clock }: BeatsBus, gatewayId: string, places: Places): Promise<void> {
  const texts = Array.from(places, ([shard, standing]) => ` ${shard}=${formatStanding(standing)}`);
  await commands.set(gatewayKey(gatewayId), clock.nowMs() + texts.join(''), 'PX', keptMs);
}

/** The place in a shard that a heartbeat names. */
function placeIn(text: string, shard: number): Standing | undefined {
  const name = ` ${shard}=`;
  const at = text.indexOf(name);
  if (at === -1) return undefined;
  const from = at + name.length;
  const to = text.indexOf(' ', from);
  return parseStanding(text.slice(from, to === -1 ? text.length : to));
}
