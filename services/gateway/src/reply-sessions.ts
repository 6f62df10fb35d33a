import type { ReplyAddress } from '@roomstream/bus/reply';
import type { Session } from './session.ts';

/**
 * The connections of this gateway that may get an answer of their own from the bus: those that have sent something to a
 * room with a message review handler. Most connections never do, and cost nothing here.
 */
export class ReplySessions {
  readonly #gatewayId: string;
  readonly #sessions = new Map<number, Session>();

  constructor(gatewayId: string) {
    this.#gatewayId = gatewayId;
  }

  /** The address of a session, which answers reach until `forget`. */
  addressOf(session: Session): ReplyAddress {
    // It may have been closed while its request waited for a record: `forget` doesn't come again.
    if (session.socket !== undefined) this.#sessions.set(session.number, session);
    return { gateway: this.#gatewayId, session: session.number };
  }

  /** The connection was closed. */
  forget(session: Session): void {
    this.#sessions.delete(session.number);
  }

  /** The session that an answer is for; undefined when it is another gateway's, or gone. */
  find({ gateway, session }: ReplyAddress): Session | undefined {
    return gateway === this.#gatewayId ? this.#sessions.get(session) : undefined;
  }
}
