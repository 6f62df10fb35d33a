import type { Position } from '@roomstream/bus/position';
import type { Standing } from '@roomstream/bus/standing';
import type { Recorded, RecordState } from '@roomstream/bus/user-records';
import { type Attributes, noAttributes } from '@roomstream/protocol/attributes';
import { type Capability, capabilities } from '@roomstream/protocol/capabilities';
import { type EncodedSender, encodeSender } from '@roomstream/protocol/frames';
import type { Room } from '@roomstream/store/records';
import type { ChatToken } from '@roomstream/token/token';
import type { SlidingWindow } from './limits.ts';
import type { RoomQueue } from './outgoing.ts';
import type { RoomTail } from './recovery/room-tail.ts';
import type { Connection, Socket } from './transport.ts';

/**
 * A room with connections, or handshakes on their way, at this gateway; kept by LocalRooms (rooms.ts). It and its
 * sessions know each other, so they are declared together.
 */
export type LocalRoom = {
  readonly account: string;
  readonly id: string;
  /** Open sessions by user; one session alone stands without an array, as most do. */
  readonly users: Map<string, Session | Session[]>;
  /** Open sessions. */
  size: number;
  /** Connections and handshakes that need the room to be followed. */
  holds: number;
  /** Settles when entries published from now on arrive. */
  joining: Promise<void> | undefined;
  /** The cached record, `deleted`, or undefined when it must be loaded. */
  record: Room | 'deleted' | undefined;
  /** When the record was read, on the monotonic clock. */
  loadedAtMs: number;
  loading: Promise<Room | undefined> | undefined;
  /** Number of its shard. */
  readonly shard: number;
  /** Where its last frame stands that connections here were sent. */
  lastFrame: Position;
  /** How many frames it has had here. */
  frames: number;
  /** What is kept of it for connections on their way that are owed more than live frames (recovery/room-tail.ts). */
  tails: readonly RoomTail[];
  /** What is on its way to the connections (outgoing.ts). */
  readonly outgoing: RoomQueue;
  /** When its use was last noted, on the monotonic clock. */
  touchedAtMs: number;
};

/** After a session's end its user returns; he is to find its record until it says how it ended. */
const recordedBeyondEndMs = 60_000;

/**
 * One connection of a user to a room, from the admission of its token to its close. Tens of thousands of these exist
 * and most never speak: no closures, no timers, and what only speakers need is made when they first speak.
 */
export class Session implements Connection, Recorded {
  socket: Socket | undefined = undefined;
  /** Distinguishes the connections of this gateway. */
  readonly number: number;
  readonly room: LocalRoom;
  readonly userId: string;
  /** The client's address, as seen through trusted proxies. */
  readonly address: string;
  /** Milliseconds of Redis time: then the session ends with ERROR 401. */
  readonly expiresMs: number;
  /** ERROR 401 has been sent: nothing is accepted any more, the drop follows. */
  hasEnded = false;
  /** The requests of the last second; undefined before the first one. */
  window: SlidingWindow | undefined = undefined;
  /** Settles when the requests before have been handed to the bus; undefined while none waits. */
  turn: Promise<void> | undefined = undefined;
  /** Up to there it certainly has everything (recovery/acknowledgements.ts); undefined while that isn't known. */
  certain: Standing | undefined = undefined;
  /** What the pong proves that is waited for, and the number of its ping. */
  pinged: Standing | undefined = undefined;
  pingNumber = 0;
  /** When that was sent, on the monotonic clock, and how many frames the room had had. */
  pingedAtMs = 0;
  pingedAtFrame = 0;
  /** It gets what its room says; before, it is being handed what it is owed. */
  isListening = false;
  /** Entries of its room may have been lost: its certain place isn't one, until it answers a ping. */
  isUnsure = false;
  /** It doesn't answer pings: its record says where it stands. */
  isSilent = false;
  /**
   * Its user was told lost, and is about to be given what it missed. Once that is so its record is gone, and when it ends
   * nobody is owed it once more.
   */
  isSuperseded = false;
  /** Its user was disconnected: it isn't to come back. */
  isExpelled = false;
  /** Where its room stood when ERROR 401 was sent. */
  sentAwayAt: Standing | undefined = undefined;
  /** Its client may have forgotten the Ids of what is older; milliseconds of Redis time. */
  knownSinceMs = 0;
  /** When its handshake came, milliseconds of Redis time. */
  beganMs = 0;
  /** It is owed more than what is said from its opening on. */
  isReturning = false;
  /** The records of lost connections from which its user has returned. */
  returnedFrom: string | undefined = undefined;
  /** How it ended, and whether that is on record. */
  left: RecordState | undefined = undefined;
  isRecorded = false;
  /** Its place among all connections. */
  index = 0;
  readonly #capabilities: number;
  #sender: EncodedSender | Attributes;

  constructor(number: number, token: ChatToken, room: LocalRoom, address: string) {
    this.number = number;
    this.room = room;
    this.userId = token.userId;
    this.address = address;
    this.expiresMs = token.sessionExpiresMs;
    this.#capabilities = capabilityMask(token.capabilities);
    // Most tokens have none, and an object of its own for each session would be a tenth of what it holds.
    this.#sender = Object.keys(token.attributes).length === 0 ? noAttributes : token.attributes;
  }

  /** The room of its record. */
  get recordedRoom(): string {
    return this.room.id;
  }

  /** What is true of it now. */
  recordState(): RecordState {
    if (this.left !== undefined) return this.left;
    const { expiresMs, knownSinceMs, certain, isSuperseded: isOnlyKept } = this;
    const endsMs = expiresMs + recordedBeyondEndMs;
    const kind = this.isSilent ? 'silent' : 'open';
    return { kind, beganMs: this.beganMs, endsMs, knownSinceMs, certain, isOnlyKept };
  }

  /** Its record was written; those from which its user has returned are gone. */
  recorded(state: RecordState, returnedFrom: string | undefined): void {
    if (this.returnedFrom === returnedFrom) this.returnedFrom = undefined;
    if (state === this.left) this.isRecorded = true;
  }

  /** Whether its token lets it do this. */
  hasCapability(capability: Capability): boolean {
    return (this.#capabilities & bit[capability]) !== 0;
  }

  /** The attributes of its token. */
  attributes(): Attributes {
    if (typeof this.#sender !== 'string') return this.#sender;
    return (JSON.parse(this.#sender) as { readonly Attributes: Attributes }).Attributes;
  }

  /** The `Sender` of its messages, encoded at the first one. */
  sender(): EncodedSender {
    if (typeof this.#sender === 'string') return this.#sender;
    const sender = encodeSender(this.userId, this.#sender);
    this.#sender = sender;
    return sender;
  }
}

const bit = Object.fromEntries(capabilities.map((capability, i) => [capability, 1 << i])) as Record<
  Capability,
  number
>;

/** Capabilities as bits: a number per session instead of an array. */
function capabilityMask(held: readonly Capability[]): number {
  let mask = 0;
  for (const capability of held) mask |= bit[capability];
  return mask;
}
