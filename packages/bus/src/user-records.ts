import { readFileSync } from 'node:fs';
import { tryFor } from '@roomstream/runtime/backoff';
import type { Log } from '@roomstream/runtime/log';
import { defineScript, type Script } from '@roomstream/runtime/script';
import { TurnBatch } from '@roomstream/runtime/turn-batch';
import { type BeatsBus, type Gateway, GatewayBeats, type Places } from './gateway-beats.ts';
import { userRecordsName } from './keys.ts';
import { decodeRecords, encodeRecord, type RecordState, type UserRecordsOf } from './user-record.ts';

export type { Gateway, Places } from './gateway-beats.ts';
export type { RecordKind, RecordState, UserRecord, UserRecordsOf } from './user-record.ts';

/** What the records need of the bus: its Redis, its clock, its shards. */
export type RecordsBus = BeatsBus & {
  keyOfRoom(room: string, what: string): string;
  shardOf(room: string): number;
};

/** A connection whose record is kept. */
export type Recorded = {
  /** Distinguishes the connections of its gateway. */
  readonly number: number;
  /** The room's id. */
  readonly recordedRoom: string;
  readonly userId: string;
  /** Members, with a space between them, of lost records that go when this one is written: its user has returned from them. */
  readonly returnedFrom: string | undefined;
  /** What is true now, so that a late try can't bring a closed connection back. */
  recordState(): RecordState;
  /** What was true of it is on record, and the records from which its user had returned are gone. */
  recorded(state: RecordState, returnedFrom: string | undefined): void;
};

/** A closed connection may stand in the records for this long more, so that its removal goes with something else. */
const removeWithinMs = 100;

/** What one command carries: a run of the script must not hold Redis up for long. */
const mostTogether = 100;

/** What couldn't be written is tried again after this long. */
const againMs = 1_000;

/** How long a stop waits for what isn't written yet. */
const closePatienceMs = 2_000;

const script = readFileSync(new URL('../../lua/user-records-n.lua', import.meta.url), 'utf8');

/** The question for a user's records. */
class Read {
  readonly key: string;
  readonly settle: (flat: readonly string[]) => void;
  readonly fail: (error: unknown) => void;

  constructor(key: string, settle: Read['settle'], fail: Read['fail']) {
    this.key = key;
    this.settle = settle;
    this.fail = fail;
  }
}

/**
 * Which connections each user has in each room, over the fleet, or had until a moment ago: by these a gateway knows what somebody
 * who comes may have missed. Read beside the claim of the token, written when a connection opens, is lost or closes; all that one
 * turn of the event loop reads and writes goes in one command (one a shard in a Cluster).
 */
export class UserRecords<T extends Recorded> {
  readonly #bus: RecordsBus;
  readonly #gatewayId: string;
  readonly #log: Log;
  readonly #beats: GatewayBeats;
  readonly #userRecords: Script;
  readonly #turn: TurnBatch<T | Read>;
  /** Whose records couldn't be written yet. */
  readonly #unwritten = new Set<T>();
  #again: NodeJS.Timeout | undefined;
  readonly #underWay = new Set<Promise<void>>();

  /** Starts it; resolves when this gateway is known to be alive. Rejects when Redis is away. */
  static async open<T extends Recorded>(
    bus: RecordsBus,
    gatewayId: string,
    log: Log,
    places: () => Places,
  ): Promise<UserRecords<T>> {
    return new UserRecords<T>(bus, gatewayId, log, await GatewayBeats.open(bus, gatewayId, log, places));
  }

  private constructor(bus: RecordsBus, gatewayId: string, log: Log, beats: GatewayBeats) {
    this.#bus = bus;
    this.#gatewayId = gatewayId;
    this.#log = log;
    this.#beats = beats;
    this.#userRecords = defineScript(bus.commands, 'bus:userRecords', script);
    this.#turn = new TurnBatch(
      mostTogether,
      (items) => this.#send(items),
      bus.commands.isCluster ? (item) => hashTag(this.#keyOf(item)) : undefined,
    );
  }

  /** The user's records in the room. Rejects when Redis is away. */
  async read(room: string, userId: string): Promise<UserRecordsOf> {
    const flat = await new Promise<readonly string[]>((settle, fail) => {
      this.#turn.add(new Read(this.#key(room, userId), settle, fail));
    });
    return decodeRecords(flat, this.#bus.clock.nowMs());
  }

  /** Writes a connection's record with this turn; in the background, and until it is written. */
  write(item: T): void {
    this.#turn.add(item);
  }

  /** Writes it soon: a refresh has just written another one, and the next will. */
  writeLater(item: T): void {
    this.#turn.addLater(item, removeWithinMs);
  }

  /**
   * A gateway by its last heartbeat, with its place in the room's shard; what is known of it may be a second old unless it
   * is to be fresh. Rejects when Redis is away.
   */
  gateway(id: string, room: string, isFresh = false): Promise<Gateway> {
    return this.#beats.of(id, this.#bus.shardOf(room), isFresh);
  }

  /** Stops; when all is written this gateway counts as gone, else as dead a little later. */
  async close(): Promise<void> {
    await this.#beats.stop();
    try {
      await tryFor(closePatienceMs, () => this.#writeAll());
      await this.#beats.forget();
    } catch (err) {
      clearTimeout(this.#again);
      // With its last heartbeat others find what its connections may have missed.
      this.#log.warn({ err, unwritten: this.#unwritten.size }, 'records of users could not be written');
    }
  }

  async #writeAll(): Promise<void> {
    this.#writeAgain();
    this.#turn.flush();
    await Promise.all(this.#underWay);
    if (this.#unwritten.size > 0) throw new Error('Redis is away');
  }

  /** What couldn't be written goes with the next turn. */
  #writeAgain(): void {
    clearTimeout(this.#again);
    this.#again = undefined;
    const again = [...this.#unwritten];
    this.#unwritten.clear();
    for (const item of again) this.#turn.add(item);
  }

  /** Never throws. */
  #send(items: readonly (T | Read)[]): void {
    // It may say something else by the time of the answer.
    const written = items.map((item) => (item instanceof Read ? undefined : saidBy(item)));
    const run = this.#run(items, written).then(
      (found) => {
        let next = 0;
        for (const [i, item] of items.entries()) {
          const said = written[i];
          if (item instanceof Read) item.settle(found[next++] ?? []);
          else if (said !== undefined) {
            this.#unwritten.delete(item);
            item.recorded(said.state, said.returnedFrom);
          }
        }
      },
      (err: unknown) => {
        this.#log.debug({ err }, 'records of users could not be read or written yet');
        for (const item of items) {
          if (item instanceof Read) item.fail(err);
          else this.#unwritten.add(item);
        }
        if (this.#unwritten.size > 0) this.#again ??= setTimeout(() => this.#writeAgain(), againMs);
      },
    );
    this.#underWay.add(run);
    void run.then(() => this.#underWay.delete(run));
  }

  #run(
    items: readonly (T | Read)[],
    written: readonly (Said | undefined)[],
  ): Promise<readonly (readonly string[])[]> {
    const { clock } = this.#bus;
    const keys: string[] = [];
    const nowMs = clock.nowMs();
    const args = [`${nowMs}`];
    for (const [i, item] of items.entries()) {
      const said = written[i];
      keys.push(this.#keyOf(item));
      if (item instanceof Read || said === undefined) args.push('', '', '');
      else
        args.push(
          `${this.#gatewayId}/${item.number}`,
          encodeRecord(said.state, nowMs),
          said.returnedFrom ?? '',
        );
    }
    return this.#userRecords(keys, args) as Promise<readonly (readonly string[])[]>;
  }

  #keyOf(item: T | Read): string {
    return item instanceof Read ? item.key : this.#key(item.recordedRoom, item.userId);
  }

  #key(room: string, userId: string): string {
    return this.#bus.keyOfRoom(room, userRecordsName(room, userId));
  }
}

type Said = { readonly state: RecordState; readonly returnedFrom: string | undefined };

function saidBy(item: Recorded): Said {
  return { state: item.recordState(), returnedFrom: item.returnedFrom };
}

/** What keys of one slot have in common. */
function hashTag(key: string): string {
  return key.slice(0, key.indexOf('}'));
}
