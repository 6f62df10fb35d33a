import { setTimeout as delay } from 'node:timers/promises';

/** Growing pauses between tries of the same thing: doubled each time up to `mostMs`, with full jitter above a half. */
export class Backoff {
  readonly #leastMs: number;
  readonly #mostMs: number;
  #nextMs: number;

  constructor(leastMs = 50, mostMs = 2_000) {
    this.#leastMs = leastMs;
    this.#mostMs = mostMs;
    this.#nextMs = leastMs;
  }

  /** Forgets past failures; call it after a success. */
  reset(): void {
    this.#nextMs = this.#leastMs;
  }

  /** The length of the next pause in milliseconds. */
  nextMs(): number {
    const ms = this.#nextMs * (0.5 + Math.random() / 2);
    this.#nextMs = Math.min(this.#nextMs * 2, this.#mostMs);
    return ms;
  }

  /** Waits for the next pause, or less when `signal` aborts. */
  async pause(signal?: AbortSignal): Promise<void> {
    await sleep(this.nextMs(), signal);
  }
}

/** Waits, or less when `signal` aborts: returns early then, and doesn't throw. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return;
  await delay(ms, undefined, { signal: signal as AbortSignal }).catch((error: unknown) => {
    if (signal?.aborted !== true) throw error;
  });
}

/** Tries until it succeeds, with growing pauses; after `ms` the last failure rejects. `attempt` may run several times. */
export async function tryFor<T>(ms: number, attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + ms;
  const backoff = new Backoff(20, 250);
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await backoff.pause();
    }
  }
}
