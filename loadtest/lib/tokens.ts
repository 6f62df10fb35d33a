import exec from 'k6/execution';
import { setTimeout } from 'k6/timers';
import { type Answer, ControlPlane, inWords, isPassing } from './control-plane.ts';
import { fail, tokenTime } from './metrics.ts';
import type { Seat } from './pure/seats.ts';
import type { LoadSettings } from './pure/settings.ts';
import type { Rooms } from './rooms.ts';
import { filedTokens } from './token-file.ts';

/** Who a token is for. */
export type TokenOrder = {
  readonly seat: Seat;
  readonly userId: string;
  readonly capabilities: readonly string[];
};

/** A token and who it is for: in a file of tokens that is somebody else. */
export type Ticket = { readonly token: string; readonly room: string; readonly userId: string };

const patienceMs = 30_000;

/**
 * Gives tokens, each just before its use: they live for a minute and work once, so that a stock made in setup() would be
 * stale before the last virtual user comes, and useless for those who come back.
 */
export class Tokens {
  readonly #controlPlane: ControlPlane;
  readonly #isFiled: boolean;
  readonly #rooms: Rooms;

  constructor(settings: LoadSettings, rooms: Rooms) {
    this.#controlPlane = new ControlPlane(settings);
    this.#isFiled = settings.TOKENS !== '';
    this.#rooms = rooms;
  }

  /** undefined, and counted, when there is none to be had within 30 s. */
  async take(order: TokenOrder): Promise<Ticket | undefined> {
    return this.#isFiled ? filed(order.seat) : this.#mint(order);
  }

  async #mint({ seat, userId, capabilities }: TokenOrder): Promise<Ticket | undefined> {
    const room = this.#rooms.arns[seat.room] ?? '';
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const begun = Date.now();
      const answer = await this.#controlPlane.call('CreateChatToken', {
        roomIdentifier: room,
        userId,
        capabilities,
      });
      if (answer.status === 200) {
        tokenTime.add(Date.now() - begun);
        return { token: String(answer.body['token']), room, userId };
      }
      if (!isPassing(answer) || Date.now() > deadline) return refused(answer);
      // An account may mint 200 a second; a crowd that comes at once has to queue.
      await new Promise<void>((resolve) => setTimeout(resolve, 200 + Math.random() * 800));
    }
  }
}

function refused(answer: Answer): undefined {
  fail('token', `CreateChatToken: ${inWords(answer)}`);
}

function filed({ index }: Seat): Ticket | undefined {
  const ticket = filedTokens[index];
  if (ticket === undefined)
    exec.test.abort(`The file has ${filedTokens.length} tokens, and number ${index + 1} is needed.`);
  return ticket;
}
