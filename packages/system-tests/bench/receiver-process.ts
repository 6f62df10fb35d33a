import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Command, Report } from './receivers.ts';

/** The connections that listen, in a process of their own so that their cost isn't taken for the gateways'. */
export type ReceiverProcess = {
  readonly pid: number;
  /** One command at a time. */
  ask(command: Command): Promise<Report>;
  stop(): Promise<void>;
};

/** Starts the process. */
export function startReceivers(): ReceiverProcess {
  const child = fork(fileURLToPath(new URL('./receivers.js', import.meta.url)), { stdio: 'inherit' });
  const exit = once(child, 'exit');
  const failed = exit.then(([code]) => {
    throw new Error(`the receivers ended with ${code}`);
  });
  // Told by ask(); the end after stop() is no failure.
  failed.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    ask: async (command) => {
      const answer = once(child, 'message');
      child.send(command);
      const [report] = (await Promise.race([answer, failed])) as [Report];
      return report;
    },
    stop: async () => {
      child.disconnect();
      await exit;
    },
  };
}
