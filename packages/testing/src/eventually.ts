import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits until `claim` returns without throwing (and not false), trying every few milliseconds; throws its last error
 * when `withinMs` has passed. Tests wait for conditions, never for a time.
 */
export async function eventually<T>(claim: () => T | Promise<T>, withinMs = 10_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      const value = await claim();
      if (value !== false) return value;
      if (Date.now() > deadline) throw new Error(`still false after ${withinMs} ms: ${claim}`);
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await delay(10);
  }
}
