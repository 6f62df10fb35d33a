/**
 * Remembers until when Redis refuses a room, so that a flooded room costs no command. It never refuses what Redis would
 * admit: the wait counts from before the command was sent, and another rate than the remembered one asks Redis again.
 */
export class Refusals {
  readonly #untilMs = new Map<string, { readonly untilMs: number; readonly perSecond: number }>();

  /** Milliseconds for which the room is refused from `nowMs` (monotonic) on; 0 when it isn't. */
  waitMs(room: string, perSecond: number, nowMs: number): number {
    const refusal = this.#untilMs.get(room);
    if (refusal === undefined) return 0;
    if (refusal.perSecond === perSecond && refusal.untilMs > nowMs) return refusal.untilMs - nowMs;
    this.#untilMs.delete(room);
    return 0;
  }

  /** Redis has refused the room for `waitMs`, asked by a command that was sent at `sentMs`. */
  remember(room: string, perSecond: number, sentMs: number, waitMs: number): void {
    // A refusal ends within a second, so what was put in first is the oldest: flooded rooms don't pile up.
    if (this.#untilMs.size >= mostRooms) this.#dropEnded(sentMs);
    this.#untilMs.delete(room);
    this.#untilMs.set(room, { untilMs: sentMs + waitMs, perSecond });
  }

  #dropEnded(nowMs: number): void {
    for (const [room, refusal] of this.#untilMs) {
      if (refusal.untilMs <= nowMs) this.#untilMs.delete(room);
    }
    if (this.#untilMs.size >= mostRooms) this.#untilMs.clear();
  }
}

const mostRooms = 10_000;
