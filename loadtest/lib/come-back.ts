import { Counter, Trend } from 'k6/metrics';
import type { Connect } from './crowd.ts';
import { expectGoodbye, inBackground, pause } from './member.ts';
import type { TestRun } from './test-run.ts';

/** Connections that were lost or sent away. */
export const cuts = new Counter('chat_cuts');
/** From losing a connection to having another one. */
export const back = new Trend('chat_back_ms', true);
/** Users who didn't come back in time. */
export const lost = new Counter('chat_lost');

/** Official clients try three times at once; a patient application calls connect() again after a while. */
const triesAtOnce = 3;
const pauseMs = 1_000;

/**
 * Connects a member and brings him back whenever he loses his connection or is sent away (ERROR 401), with a new token
 * each time. A close frame means that he shall stay away, which nobody asks of him here: it is counted as an error.
 */
export function keepConnected(run: TestRun, patienceMs: number, connect: Connect): void {
  let awayMs: number | undefined;
  let tries = 0;
  const go = (): void =>
    inBackground(async () => {
      tries += 1;
      if (tries > triesAtOnce) await pause(pauseMs * (0.5 + Math.random()));
      const connection = await connect({ onOpen, onEnd });
      if (connection === undefined) lost.add(1);
    });
  const onOpen = () => {
    if (awayMs !== undefined) back.add(Date.now() - awayMs);
    awayMs = undefined;
    tries = 0;
  };
  const onEnd: Parameters<Connect>[0]['onEnd'] = (ending) => {
    if (Date.now() >= run.endMs) return;
    if (ending === 'closed') {
      expectGoodbye(ending, run.endMs);
      return;
    }
    if (ending !== 'refused') cuts.add(1);
    awayMs ??= Date.now();
    if (Date.now() - awayMs > patienceMs) lost.add(1);
    else go();
  };
  go();
}
