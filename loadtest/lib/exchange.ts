import type { Connection } from './connection.ts';
import type { Connect } from './crowd.ts';
import { expectGoodbye, inBackground, pause } from './member.ts';
import type { TestRun } from './test-run.ts';
import type { Watch } from './watch.ts';

const awayMs = 1_000;

/**
 * A viewer who never stays long: every `staySeconds`, more or less, he opens a new connection with a new token and closes
 * the old one then, as official clients do, and must miss nothing; in a share of the cases (`leaving`) he leaves first and
 * is away for a second.
 */
export function exchangeConnections(
  connect: Connect,
  run: TestRun,
  staySeconds: number,
  leaving: number,
): void {
  let old: Connection | undefined;
  let watch: Watch | undefined;
  const next = async (): Promise<void> => {
    const earlier = old;
    let isExpected = false;
    old = await connect({
      watch,
      onOpen: (_, opened) => {
        watch = opened;
        earlier?.leave();
      },
      onEnd: (ending) => {
        if (!isExpected) expectGoodbye(ending, run.endMs);
      },
    });
    await pause(staySeconds * 1000 * (0.5 + Math.random()));
    // A connection that begins shortly before the end has no time to be opened.
    if (Date.now() > run.chatToMs) return;
    isExpected = true;
    if (Math.random() < leaving) {
      old?.leave();
      watch = undefined;
      await pause(awayMs);
    } else {
      watch?.exchange();
    }
    inBackground(next);
  };
  inBackground(next);
}
