import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A handler endpoint in a process of its own, so that its work isn't taken for anyone else's. It has `pass-<ms>`. */
export type HandlerProcess = { readonly url: string; readonly pid: number; stop(): Promise<void> };

/** Starts it. */
export async function startHandlerProcess(): Promise<HandlerProcess> {
  const child = fork(fileURLToPath(new URL('./handler-main.js', import.meta.url)), { stdio: 'inherit' });
  const exit = once(child, 'exit');
  const failed = exit.then(([code]) => {
    throw new Error(`the handlers ended with ${code}`);
  });
  // Told below, once; the end after stop() is no failure.
  failed.catch(() => undefined);
  const [url] = (await Promise.race([once(child, 'message'), failed])) as [string];
  return {
    url,
    pid: child.pid ?? 0,
    stop: async () => {
      child.disconnect();
      await exit;
    },
  };
}
