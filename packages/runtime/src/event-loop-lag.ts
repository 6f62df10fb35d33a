import { openMeters } from './meters.ts';
import type { Registry } from './metrics.ts';

/** A timer of the library's own measure comes each 10 ms, which costs an idle process 0.7 % of a core, all else 0.1 %. */
const everyMs = 100;

/** Measures for how long the event loop keeps a timer waiting. `nowMs` is a monotonic clock. */
export function measureEventLoopLag(registry: Registry, nowMs = () => performance.now()): void {
  const { gauge, histogram } = openMeters(registry);
  const lag = histogram(
    'roomstream_event_loop_lag_seconds',
    'How late a timer comes, tried ten times a second: for so long the event loop was doing something else.',
    [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
  );
  let most = 0;
  gauge(
    'roomstream_event_loop_lag_max_seconds',
    'The largest of them since it was last read.',
    () => {
      const since = most;
      most = 0;
      return since;
    },
    'max',
  );
  let lastMs = nowMs();
  const timer = setInterval(() => {
    const now = nowMs();
    const seconds = Math.max(0, now - lastMs - everyMs) / 1000;
    lastMs = now;
    most = Math.max(most, seconds);
    lag.observe(seconds);
  }, everyMs);
  timer.unref();
}
