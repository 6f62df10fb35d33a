import type { Follower } from '@roomstream/bus/bus';
import { origin } from '@roomstream/bus/position';
import type { Room } from '@roomstream/store/records';
import { RoomQueue } from './outgoing.ts';
import type { LocalRoom, Session } from './session.ts';

/** A connection on its way into a room that is held already. */
export type Entering = {
  readonly room: LocalRoom;
  readonly userId: string;
  /** Its user was disconnected meanwhile: it is to be closed as soon as it is open. */
  isDisconnected: boolean;
};

/**
 * A record that nothing has announced a change of is read again after this: should the announcement itself have been
 * lost, a changed room isn't wrong for ever.
 */
const recordLifeMs = 15_000;

/** Where records come from: `store.rooms`. */
export type RoomSource = { get(account: string, id: string): Promise<Room | undefined> };

/** The rooms of this gateway: who is in them, their records, and that the bus follows them. */
export class LocalRooms {
  readonly #rooms = new Map<string, LocalRoom>();
  /** As many as handshakes may be under way. */
  readonly #entering = new Set<Entering>();
  readonly #source: RoomSource;
  readonly #follower: Pick<Follower, 'join' | 'leave'>;
  readonly #shardOf: (room: string) => number;

  constructor(
    source: RoomSource,
    follower: Pick<Follower, 'join' | 'leave'>,
    shardOf: (room: string) => number,
  ) {
    this.#source = source;
    this.#follower = follower;
    this.#shardOf = shardOf;
  }

  /** How many rooms are followed. */
  get size(): number {
    return this.#rooms.size;
  }

  /** The room, when somebody holds it. */
  find(id: string): LocalRoom | undefined {
    return this.#rooms.get(id);
  }

  /**
   * Holds a room: when it resolves, its entries arrive; a promise only when they don't yet. Rejects when Redis is away,
   * and then holds nothing. Every hold ends with `release`.
   */
  hold(account: string, id: string): LocalRoom | Promise<LocalRoom> {
    let room = this.#rooms.get(id);
    if (room === undefined) {
      room = newRoom(account, id, this.#shardOf(id));
      this.#rooms.set(id, room);
      room.joining = this.#join(room);
    }
    room.holds++;
    return room.joining === undefined ? room : this.#joined(room, room.joining);
  }

  /** Ends a hold; the last one makes the bus stop following the room. */
  release(room: LocalRoom): void {
    if (--room.holds > 0) return;
    this.#forget(room);
    this.#follower.leave(room.id);
  }

  /**
   * The room's record, undefined when it was deleted; a promise only when it must be read. Rejects when the store is
   * away. It is cached only while the room is followed, for then changes are heard.
   */
  record(room: LocalRoom): Room | undefined | Promise<Room | undefined> {
    if (room.record === 'deleted') return undefined;
    if (room.record !== undefined && performance.now() - room.loadedAtMs < recordLifeMs) return room.record;
    room.loading ??= this.#load(room);
    return room.loading;
  }

  /** Drops a cached record: the next who needs it reads it anew. */
  invalidate(id: string): void {
    const room = this.#rooms.get(id);
    if (room === undefined) return;
    room.record = undefined;
    // A read that is under way may have seen the old record: whoever asks from now on starts another one.
    room.loading = undefined;
  }

  /** Adds an open session to its room. */
  enter(session: Session): void {
    const { room, userId } = session;
    room.size++;
    const present = room.users.get(userId);
    if (present === undefined) room.users.set(userId, session);
    else if (Array.isArray(present)) present.push(session);
    else room.users.set(userId, [present, session]);
  }

  /** Takes a session out of its room and ends its hold. */
  exit(session: Session): void {
    const { room, userId } = session;
    room.size--;
    const left = this.sessionsOf(room, userId).filter((other) => other !== session);
    if (left.length === 0) room.users.delete(userId);
    else room.users.set(userId, left.length === 1 ? (left[0] as Session) : left);
    this.release(room);
  }

  /** Notes that a user's connection is on its way; `endEntering` follows once it is open or refused. */
  beginEntering(room: LocalRoom, userId: string): Entering {
    const entering: Entering = { room, userId, isDisconnected: false };
    this.#entering.add(entering);
    return entering;
  }

  /** It is open, or will never be. */
  endEntering(entering: Entering): void {
    this.#entering.delete(entering);
  }

  /** The open sessions of a user who is disconnected from a room; those on their way are marked. */
  disconnect(room: LocalRoom, userId: string): readonly Session[] {
    for (const entering of this.#entering) {
      if (entering.room === room && entering.userId === userId) entering.isDisconnected = true;
    }
    // A copy: closing takes the sessions out of the room one by one.
    return [...this.sessionsOf(room, userId)];
  }

  /** The open sessions of a user in a room. */
  sessionsOf(room: LocalRoom, userId: string): readonly Session[] {
    const present = room.users.get(userId);
    return present === undefined ? [] : Array.isArray(present) ? present : [present];
  }

  async #joined(room: LocalRoom, joining: Promise<void>): Promise<LocalRoom> {
    try {
      await joining;
      return room;
    } catch (error) {
      this.#forget(room);
      throw error;
    }
  }

  #join(room: LocalRoom): Promise<void> | undefined {
    const joining = this.#follower.join(room.id);
    return joining?.then(() => {
      room.joining = undefined;
    });
  }

  #forget(room: LocalRoom): void {
    if (this.#rooms.get(room.id) === room) this.#rooms.delete(room.id);
  }

  #load(room: LocalRoom): Promise<Room | undefined> {
    const loading = this.#source.get(room.account, room.id).then(
      (record) => {
        // Superseded by `invalidate`: what was read may be the old record.
        if (room.loading === loading) {
          room.loading = undefined;
          room.record = record ?? 'deleted';
          room.loadedAtMs = performance.now();
        }
        return record;
      },
      (error: unknown) => {
        if (room.loading === loading) room.loading = undefined;
        throw error;
      },
    );
    return loading;
  }
}

function newRoom(account: string, id: string, shard: number): LocalRoom {
  return {
    account,
    id,
    users: new Map(),
    size: 0,
    holds: 0,
    joining: undefined,
    record: undefined,
    loadedAtMs: 0,
    loading: undefined,
    shard,
    lastFrame: origin,
    frames: 0,
    tails: [],
    outgoing: new RoomQueue(),
    touchedAtMs: Number.NEGATIVE_INFINITY,
  };
}
