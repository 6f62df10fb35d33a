import type { Attributes } from '@roomstream/protocol/attributes';
import { type Capability, capabilities } from '@roomstream/protocol/capabilities';
import { type EncodedSender, encodeSender } from '@roomstream/protocol/frames';
import type { ChatToken } from '@roomstream/token/token';
import type { SlidingWindow } from './limits.ts';
import type { LocalRoom } from './rooms.ts';
import type { Connection, Socket } from './transport.ts';

/**
 * One connection of a user to a room, from the admission of its token to its close. Tens of thousands of these exist
 * and most never speak: no closures, no timers, and what only speakers need is made when they first speak.
 */
export class Session implements Connection {
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
  readonly #capabilities: number;
  #sender: EncodedSender | Attributes;

  constructor(number: number, token: ChatToken, room: LocalRoom, address: string) {
    this.number = number;
    this.room = room;
    this.userId = token.userId;
    this.address = address;
    this.expiresMs = token.sessionExpiresMs;
    this.#capabilities = capabilityMask(token.capabilities);
    this.#sender = token.attributes;
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
