import type { Bus } from '@roomstream/bus/bus';
import { newId } from '@roomstream/protocol/ids';
import { background } from '@roomstream/runtime/background';
import { Backoff } from '@roomstream/runtime/backoff';
import type { Log } from '@roomstream/runtime/log';

/** A room by its keys. */
export type RoomKey = { readonly account: string; readonly id: string };

/** Longest wait of a stop for changes to be told. */
const closeWithinMs = 5_000;

/**
 * Tells gateways that a room's record has changed, after it was written. What can't be told now is told as soon as Redis
 * takes it: until then gateways go on with the record that they have.
 */
export class RoomAnnouncer {
  readonly #bus: Bus;
  readonly #log: Log;
  readonly #untold = new Map<string, RoomKey>();
  readonly #abort = new AbortController();
  #retrying: Promise<void> | undefined;

  constructor(bus: Bus, log: Log) {
    this.#bus = bus;
    this.#log = log;
  }

  /** Announces; resolves after the first try, so that a caller's next call usually meets gateways that know. */
  async announce(room: RoomKey): Promise<void> {
    if (await this.#publish(room)) return;
    this.#untold.set(room.id, room);
    this.#log.warn({ room: room.id }, 'a changed room could not be announced; retrying');
    this.#retrying ??= this.#retry();
    background(this.#retrying, this.#log, 'announcing changed rooms');
  }

  /** Goes on trying for a few seconds; what is untold then is logged. */
  async close(): Promise<void> {
    const giveUp = setTimeout(() => this.#abort.abort(), closeWithinMs);
    await this.#retrying;
    clearTimeout(giveUp);
    if (this.#untold.size > 0) {
      this.#log.error({ rooms: [...this.#untold.keys()] }, 'changed rooms remain unannounced');
    }
  }

  async #retry(): Promise<void> {
    const backoff = new Backoff();
    const { signal } = this.#abort;
    while (this.#untold.size > 0 && !signal.aborted) {
      await backoff.pause(signal);
      for (const [id, room] of this.#untold) {
        if (!(await this.#publish(room))) break;
        this.#untold.delete(id);
        backoff.reset();
      }
    }
    this.#retrying = undefined;
  }

  async #publish({ account, id }: RoomKey): Promise<boolean> {
    const entry = { kind: 'room-changed', account, room: id, id: newId(), body: '' } as const;
    return (await this.#bus.publish([entry])).kind === 'published';
  }
}
