import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits until `claim` returns without throwing (and not false), trying again after `everyMs`, longer for what costs the
 * tried process something; throws its last error when `withinMs` has passed. Tests wait for conditions, never for a time.
 */
export async function eventually<T>(
  claim: () => T | Promise<T>,
  withinMs = 10_000,
  everyMs = 10,
): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      const value = await claim();
      if (value !== false) return value;
      if (Date.now() > deadline) throw new Error(`still false after ${withinMs} ms: ${claim}`);
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await delay(everyMs);
  }
}
