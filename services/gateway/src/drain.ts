import { sleep } from '@roomstream/runtime/backoff';
import type { Log } from '@roomstream/runtime/log';
import type { Connections } from './connections.ts';
import type { Metrics } from './metrics.ts';

/** How a gateway empties itself. */
export type DrainPlan = {
  /** Over this long the rounds are spread, or longer where the bound below asks for it. */
  readonly drainMs: number;
  /** Connections sent away in a second at most. */
  readonly mostPerSecond: number;
  /** From one round to the next. */
  readonly roundMs: number;
};

/** Left to clients after the last round, to go by themselves. */
export const drainGraceMs = 2_000;

/**
 * Sends all connections away: ERROR 401 in rounds, then a drop without a close frame for those that are left; after
 * a close frame official clients would stay away. Nothing may be admitted any more when it begins.
 */
export async function drain(
  connections: Connections,
  plan: DrainPlan,
  metrics: Pick<Metrics, 'drainRound'>,
  log: Log,
): Promise<void> {
  const rounds = drainRounds(connections.size, plan);
  log.info({ connections: connections.size, rounds: rounds.length }, 'draining');
  for (const [i, most] of rounds.entries()) {
    if (i > 0) await sleep(plan.roundMs);
    // The last round takes whoever slipped in while the drain began.
    const round = connections.some(i === rounds.length - 1 ? Number.POSITIVE_INFINITY : most);
    for (const session of round) connections.sendAway(session, 'This gateway is going away; connect again');
    metrics.drainRound(round.length);
  }
  const deadline = performance.now() + drainGraceMs;
  while (connections.size > 0 && performance.now() < deadline) await sleep(50);
  if (connections.size > 0)
    log.info({ connections: connections.size }, 'dropping the connections that are left');
  connections.dropAll();
}

/**
 * Sizes of the rounds in which `connections` are sent away: as many rounds as the window has room for, more where the
 * bound of a second asks for it, each no larger than it must be, so that the tokens which the clients fetch are spread evenly.
 */
export function drainRounds(connections: number, { drainMs, roundMs, mostPerSecond }: DrainPlan): number[] {
  if (connections === 0) return [];
  const inWindow = Math.max(1, Math.floor(drainMs / roundMs));
  const inBound = Math.ceil(connections / Math.max(1, (mostPerSecond * roundMs) / 1000));
  const rounds = Math.min(Math.max(inWindow, inBound), connections);
  return Array.from(
    { length: rounds },
    (_, i) => Math.floor(((i + 1) * connections) / rounds) - Math.floor((i * connections) / rounds),
  );
}
