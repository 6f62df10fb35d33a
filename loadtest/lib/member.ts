import { setTimeout } from 'k6/timers';
import { Connection, type Ending, type Handlers } from './connection.ts';
import { fail } from './metrics.ts';
import { type Crowd, type Role, seatOf } from './pure/seats.ts';
import type { LoadSettings } from './pure/settings.ts';
import type { Rooms } from './rooms.ts';
import { type Ticket, Tokens } from './tokens.ts';

/** One user of the crowd, over all of his connections. */
export class Member {
  readonly name: string;
  readonly #settings: LoadSettings;
  readonly #tokens: Tokens;
  readonly #crowd: Crowd;
  readonly #role: Role;
  readonly #place: number;
  readonly #capabilities: readonly string[];
  #lives = 0;

  /** The n-th of his role, from 0. */
  constructor(
    settings: LoadSettings,
    rooms: Rooms,
    crowd: Crowd,
    role: Role,
    place: number,
    capabilities: readonly string[] = role === 'chatter' ? ['SEND_MESSAGE'] : [],
  ) {
    this.name = `${role}-${place}`;
    this.#settings = settings;
    this.#tokens = new Tokens(settings, rooms);
    this.#crowd = crowd;
    this.#role = role;
    this.#place = place;
    this.#capabilities = capabilities;
  }

  /** How often he has connected, or tried to. */
  get lives(): number {
    return this.#lives;
  }

  /** Takes a token and connects; each time to the next gateway, as a balancer would do. */
  async connect(handlers: (ticket: Ticket) => Handlers): Promise<Connection | undefined> {
    const life = this.#lives++;
    const seat = seatOf(this.#crowd, this.#role, this.#place, life);
    const ticket = await this.#tokens.take({ seat, userId: this.name, capabilities: this.#capabilities });
    if (ticket === undefined) return undefined;
    const { GATEWAYS } = this.#settings;
    const url = GATEWAYS[(this.#place + life) % GATEWAYS.length] ?? '';
    return new Connection(url, ticket.token, handlers(ticket));
  }
}

/** Runs what nobody waits for; its failure is counted. */
export function inBackground(work: () => Promise<unknown>): void {
  work().catch((error: unknown) => fail('script', String(error)));
}

/** Resolves after a time. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

/** Counts the end of a connection that nobody here has asked for. */
export function expectGoodbye(ending: Ending, endMs: number): void {
  if (ending === 'refused' || Date.now() >= endMs) return;
  fail('closed', `a connection ended before its time: ${ending}`);
}
