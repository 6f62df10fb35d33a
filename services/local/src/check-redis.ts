import { openLog } from '@roomstream/runtime/log';
import { connectRedis, type RedisAccess, type RedisClient } from '@roomstream/runtime/redis';
import { PlainError } from './plain-error.ts';

const answerWithinMs = 5_000;

/** Throws a PlainError when the Redis that the user named doesn't answer, or is too old. */
export async function checkRedis(access: RedisAccess): Promise<void> {
  // What its connection has to say is said here, in one line.
  const client = connectRedis(access, 'check', openLog('local', 'silent'));
  try {
    await ready(client);
    const version = /^redis_version:(\S+)/m.exec(await client.info('server'))?.[1] ?? 'unknown';
    if (Number.parseInt(version, 10) < 7)
      throw new PlainError(
        `The Redis of REDIS_URL is version ${version} and Roomstream needs 7 or later: name another one, or unset REDIS_URL to have one started here.`,
      );
  } finally {
    client.disconnect();
  }
}

function ready(client: RedisClient): Promise<void> {
  return new Promise((resolve, reject) => {
    let last = `no answer within ${answerWithinMs} ms`;
    const giveUp = setTimeout(
      () =>
        reject(
          new PlainError(
            `The Redis of REDIS_URL can't be used (${last}): start it, mend REDIS_URL, or unset it to have one started here.`,
          ),
        ),
      answerWithinMs,
    );
    client.on('error', (error: Error) => {
      last = error.message;
    });
    client.once('ready', () => {
      clearTimeout(giveUp);
      resolve();
    });
  });
}
