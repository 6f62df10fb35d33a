import { Backoff, sleep } from './backoff.ts';
import type { Log } from './log.ts';

/** A task that runs again and again until it is stopped. */
export type Loop = {
  /** Lets the running turn end, then no more. */
  stop(): Promise<void>;
};

/**
 * Runs `turn` every `everyMs` after the last one's end. A failure is followed by growing pauses; only the change of
 * state is logged, so that an outage is two lines, not thousands.
 */
export function startLoop(
  what: string,
  everyMs: number,
  turn: (signal: AbortSignal) => Promise<void>,
  log: Log,
): Loop {
  const abort = new AbortController();
  const done = run(what, everyMs, turn, log, abort.signal);
  return {
    stop: async () => {
      abort.abort();
      await done;
    },
  };
}

async function run(
  what: string,
  everyMs: number,
  turn: (signal: AbortSignal) => Promise<void>,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const backoff = new Backoff();
  let failures = 0;
  while (!signal.aborted) {
    try {
      await turn(signal);
      if (failures > 0) log.info({ failures }, `${what} works again`);
      failures = 0;
      backoff.reset();
      await sleep(everyMs, signal);
    } catch (err) {
      if (signal.aborted) return;
      if (failures++ === 0) log.warn({ err }, `${what} fails; retrying`);
      await backoff.pause(signal);
    }
  }
}
