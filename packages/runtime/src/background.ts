import type { Log } from './log.ts';

/** Lets a promise run on its own; its failure is logged, never lost. */
export function background(promise: Promise<unknown>, log: Log, what: string): void {
  promise.catch((err: unknown) => log.error({ err }, `${what} failed`));
}
