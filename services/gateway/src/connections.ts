import { encodeError, errorCode } from '@roomstream/protocol/errors';
import { background } from '@roomstream/runtime/background';
import type { Log } from '@roomstream/runtime/log';
import type { ConnectionSlots } from '@roomstream/store/connection-slots';
import { ExpiryWheel } from './expiry.ts';
import type { Metrics } from './metrics.ts';
import type { Outgoing } from './outgoing.ts';
import type { Recovery } from './recovery/recovery.ts';
import type { LocalRooms } from './rooms.ts';
import type { LocalRoom, Session } from './session.ts';
import type { Transport } from './transport.ts';

/** What the life of connections touches. */
export type ConnectionParts = {
  readonly rooms: LocalRooms;
  readonly outgoing: Pick<Outgoing, 'between' | 'flush' | 'flushAll'>;
  readonly slots: Pick<ConnectionSlots, 'release'>;
  readonly recovery: Pick<Recovery, 'opened' | 'closed' | 'sentAway'>;
  readonly transport: Pick<Transport, 'send' | 'drop' | 'subscribe'>;
  readonly metrics: Pick<Metrics, 'sessionEnded' | 'error'>;
  /** Notes that a room has had a connection: unused rooms are removed after 24 months. */
  readonly touch: (account: string, room: string) => Promise<void>;
  readonly nowMs: () => number;
  readonly log: Log;
};

/** Between ERROR 401 and the drop: time for the frame to arrive and for the client to leave by itself. */
const dropAfterMs = 1_000;

/** The mark that keeps a room from removal is renewed at most this often. */
const touchEveryMs = 3_600_000;

/** All open connections, from the upgrade to the close, and the end of their sessions. */
export class Connections {
  readonly #parts: ConnectionParts;
  readonly #wheel = new ExpiryWheel<Session>();
  readonly #timer: NodeJS.Timeout;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.#endDue(), dropAfterMs);
  }

  /** How many are open. */
  get size(): number {
    return this.#wheel.size;
  }

  /** A connection was opened; its room is held and its slot taken. It gets nothing yet: see `listen`. */
  opened(session: Session): void {
    const { rooms, recovery } = this.#parts;
    this.#wheel.add(session);
    rooms.enter(session);
    recovery.opened(session);
    this.#touch(session.room);
  }

  /** An open connection gets the frames that are added to its room from now on. */
  listen(session: Session): void {
    const { outgoing, transport } = this.#parts;
    session.isListening = true;
    outgoing.between(session.room, () => transport.subscribe(session, session.room.id));
  }

  /** A connection was closed, by whomever; `code` as the transport tells it. */
  closed(session: Session, code: number): void {
    const { rooms, outgoing, recovery, slots } = this.#parts;
    this.#wheel.remove(session);
    recovery.closed(session, code);
    rooms.exit(session);
    // Nobody is left to get it, and who comes next must not.
    if (session.room.size === 0) outgoing.flush(session.room);
    slots.release(session.room.account);
  }

  /** Up to `most` connections that haven't been sent away yet. */
  some(most: number): Session[] {
    const some: Session[] = [];
    for (const session of this.#wheel) {
      if (some.length >= most) break;
      if (!session.hasEnded) some.push(session);
    }
    return some;
  }

  /** ERROR 401: official clients fetch a new token and connect again. The drop is the caller's, or the next turn's when the session is over. */
  sendAway(session: Session, message: string): void {
    session.hasEnded = true;
    this.#parts.metrics.error(errorCode.unauthorized);
    this.#parts.outgoing.flush(session.room);
    this.#parts.transport.send(session, encodeError({ code: errorCode.unauthorized, message }));
    this.#parts.recovery.sentAway(session);
  }

  /** Drops all that is left, without a close frame. */
  dropAll(): void {
    this.#parts.outgoing.flushAll();
    for (const session of [...this.#wheel]) this.#parts.transport.drop(session);
  }

  /** Ends the timer. */
  close(): void {
    clearInterval(this.#timer);
  }

  /** The turn that finds a session over sends ERROR 401, the next one drops what is still there. */
  #endDue(): void {
    for (const session of this.#wheel.due(this.#parts.nowMs())) {
      if (session.hasEnded) {
        this.#parts.transport.drop(session);
      } else {
        this.sendAway(session, 'The session has ended');
        this.#parts.metrics.sessionEnded();
      }
    }
  }

  #touch(room: LocalRoom): void {
    const nowMs = performance.now();
    if (nowMs - room.touchedAtMs < touchEveryMs) return;
    room.touchedAtMs = nowMs;
    background(this.#parts.touch(room.account, room.id), this.#parts.log, 'noting the use of a room');
  }
}
