import { newId } from '@roomstream/protocol/ids';
import { Backoff, sleep } from '@roomstream/runtime/backoff';
import type { RedisClient } from '@roomstream/runtime/redis';
import type { ChatToken } from './token.ts';

/** The mark outlives the token by this much, so that a clock that lags a little doesn't let it in a second time. */
const marginMs = 10_000;

/** How long a claim is tried while Redis doesn't answer. */
const patienceMs = 2_000;

/**
 * Marks a token as used, over the whole fleet: of any number of tries, at any gateways, one gets `claimed` (contract: a
 * token is used once). `unavailable`: Redis didn't answer within 2 s; the token must be refused, and may be marked.
 * The mark stays in Redis for what is left of the token's life by `nowMs` plus some seconds. Never rejects.
 */
export async function claimToken(
  commands: RedisClient,
  token: ChatToken,
  nowMs: number,
): Promise<'claimed' | 'used' | 'unavailable'> {
  // A try whose reply was lost may have set the mark: this claim's own value then tells it from somebody else's use.
  const claim = newId();
  const ttlMs = Math.max(0, Math.ceil(token.tokenExpiresMs - nowMs)) + marginMs;
  const deadline = performance.now() + patienceMs;
  const backoff = new Backoff(10, 200);
  for (;;) {
    try {
      const holder = await commands.set(`token:${token.id}`, claim, 'PX', ttlMs, 'NX', 'GET');
      return holder === null || holder === claim ? 'claimed' : 'used';
    } catch {
      const pauseMs = backoff.nextMs();
      // Fail closed: without an answer nobody knows whether another gateway has let this token in.
      if (performance.now() + pauseMs > deadline) return 'unavailable';
      await sleep(pauseMs);
    }
  }
}
