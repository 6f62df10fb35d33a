import type { Log } from '@roomstream/runtime/log';
import { type Loop, startLoop } from '@roomstream/runtime/loop';
import type { Scripts } from './scripts.ts';

/** The clock of Redis, as this process knows it. */
export type Clock = {
  /** Milliseconds since the epoch, whole. */
  nowMs(): number;
  /** Milliseconds since Redis was last heard. */
  ageMs(): number;
  stop(): Promise<void>;
};

const everyMs = 1_000;

/** Samples that are compared: the one with the shortest round trip is the most exact. */
const samplesKept = 8;

type Sample = { readonly offsetMs: number; readonly roundTripMs: number };

/**
 * Follows the clock of Redis: the time of the shortest of the last round trips, carried on by the monotonic clock of
 * this process. `key` chooses the master in a Cluster; `onReading` hears how long each reading took. Resolves after the
 * first one; rejects when it fails.
 */
export async function startClock(
  scripts: Scripts,
  key: string,
  log: Log,
  onReading: (roundTripMs: number) => void = () => undefined,
): Promise<Clock> {
  let samples: Sample[] = [];
  let offsetMs = 0;
  let heardMs = 0;
  const read = async () => {
    const sample = await readSample(scripts, key);
    heardMs = performance.now();
    onReading(sample.roundTripMs);
    // Farther away than the round trips explain: the clock was set, or another master's counts now.
    const isStep = samples.some(
      (old) => Math.abs(old.offsetMs - sample.offsetMs) > old.roundTripMs + sample.roundTripMs + 50,
    );
    samples = isStep ? [sample] : [...samples.slice(1 - samplesKept), sample];
    offsetMs = samples.reduce((best, next) => (next.roundTripMs <= best.roundTripMs ? next : best)).offsetMs;
  };
  await read();
  const loop: Loop = startLoop('reading the clock of Redis', everyMs, read, log);
  return {
    nowMs: () => Math.round(performance.now() + offsetMs),
    ageMs: () => performance.now() - heardMs,
    stop: () => loop.stop(),
  };
}

async function readSample(scripts: Scripts, key: string): Promise<Sample> {
  const sentMs = performance.now();
  const [seconds, microseconds] = await scripts.readClock(key);
  const roundTripMs = performance.now() - sentMs;
  const redisMs = Number(seconds) * 1000 + Number(microseconds) / 1000;
  return { offsetMs: redisMs - (sentMs + roundTripMs / 2), roundTripMs };
}
