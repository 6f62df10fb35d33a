import { setTimeout as delay } from 'node:timers/promises';
import type { RawClient, ServerFrame } from './raw-client.ts';

/** People who talk until told to stop. */
export type Chatter = {
  /** Ids of the messages that their senders have seen confirmed, in the order of the confirmations. */
  readonly confirmed: readonly string[];
  /** The ERROR frames that came instead. */
  readonly errors: readonly ServerFrame[];
  /** The longest wait for an answer so far, in milliseconds. */
  longestWaitMs(): number;
  /** Resolves when everyone has got his last answer; rejects with what went wrong meanwhile. */
  stop(): Promise<void>;
};

/** Lets every client say something, wait for the answer, pause `everyMs`, and go on. */
export function startChatter(clients: readonly RawClient[], everyMs: number): Chatter {
  const confirmed: string[] = [];
  const errors: ServerFrame[] = [];
  let longestMs = 0;
  let isStopped = false;
  const talk = async (client: RawClient, who: number) => {
    for (let n = 0; !isStopped; n++) {
      const asked = performance.now();
      const answer = await client.say(`${who}: ${n}`);
      longestMs = Math.max(longestMs, performance.now() - asked);
      if (answer.Type === 'MESSAGE') confirmed.push(answer.Id);
      else errors.push(answer);
      await delay(everyMs);
    }
  };
  const ended = Promise.all(clients.map(talk));
  // Told by stop(); until then it must not count as unhandled.
  ended.catch(() => undefined);
  return {
    confirmed,
    errors,
    longestWaitMs: () => longestMs,
    stop: async () => {
      isStopped = true;
      await ended;
    },
  };
}
