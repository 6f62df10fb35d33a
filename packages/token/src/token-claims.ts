import { readFileSync } from 'node:fs';
import { newId } from '@roomstream/protocol/ids';
import { Backoff, sleep } from '@roomstream/runtime/backoff';
import type { RedisClient } from '@roomstream/runtime/redis';
import { defineScript, type Script } from '@roomstream/runtime/script';
import { TurnBatch } from '@roomstream/runtime/turn-batch';
import type { ChatToken } from './token.ts';

/** The mark outlives the token by this much, so that a clock that lags a little doesn't let it in a second time. */
const marginMs = 10_000;

/** How long a claim is tried while Redis doesn't answer. */
const patienceMs = 2_000;

/** Claims of one command: a run of the script must not hold Redis up for long. */
const mostTogether = 100;

const script = readFileSync(new URL('../../lua/claim-tokens-n.lua', import.meta.url), 'utf8');

/** One try of a claim. */
type Try = {
  readonly key: string;
  readonly claim: string;
  readonly ttlMs: number;
  readonly settle: (verdict: 'claimed' | 'used') => void;
  readonly fail: (error: unknown) => void;
};

/** Claims tokens; those of one turn of the event loop share a command. */
export class TokenClaims {
  readonly #commands: RedisClient;
  readonly #claimTokens: Script;
  readonly #tries: TurnBatch<Try>;
  readonly #id = newId();
  #count = 0;

  constructor(commands: RedisClient) {
    this.#commands = commands;
    this.#claimTokens = defineScript(commands, 'token:claimTokens', script);
    // In a Cluster each mark is on a slot of its own, and so its claim a command of its own.
    this.#tries = new TurnBatch(
      mostTogether,
      (tries) => this.#send(tries),
      commands.isCluster ? ({ key }) => key : undefined,
    );
  }

  /**
   * Marks a token as used, over the whole fleet: of any number of tries, at any gateways, one gets `claimed` (contract: a
   * token is used once). `unavailable`: Redis didn't answer within 2 s; the token must be refused, and may be marked.
   * The mark stays in Redis for what is left of the token's life by `nowMs` plus some seconds. Never rejects.
   */
  async claim(token: ChatToken, nowMs: number): Promise<'claimed' | 'used' | 'unavailable'> {
    // A try whose reply was lost may have set the mark: this claim's own value then tells it from somebody else's use.
    const claim = `${this.#id}/${this.#count++}`;
    const ttlMs = Math.max(0, Math.ceil(token.tokenExpiresMs - nowMs)) + marginMs;
    const deadline = performance.now() + patienceMs;
    let backoff: Backoff | undefined;
    for (;;) {
      try {
        return await this.#try(`token:${token.id}`, claim, ttlMs);
      } catch {
        backoff ??= new Backoff(10, 200);
        const pauseMs = backoff.nextMs();
        // Fail closed: without an answer nobody knows whether another gateway has let this token in.
        if (performance.now() + pauseMs > deadline) return 'unavailable';
        await sleep(pauseMs);
      }
    }
  }

  #try(key: string, claim: string, ttlMs: number): Promise<'claimed' | 'used'> {
    return new Promise((settle, fail) => this.#tries.add({ key, claim, ttlMs, settle, fail }));
  }

  #send(tries: readonly Try[]): void {
    this.#ask(tries).then(
      (verdicts) => {
        for (const [i, { settle }] of tries.entries()) settle(verdicts[i] === '1' ? 'claimed' : 'used');
      },
      (error: unknown) => {
        for (const { fail } of tries) fail(error);
      },
    );
  }

  /** One character a try: 1 claimed, 0 used. */
  #ask(tries: readonly Try[]): Promise<string> {
    const [first] = tries;
    if (first !== undefined && tries.length === 1) return this.#askAlone(first);
    const keys = tries.map(({ key }) => key);
    const args = tries.flatMap(({ claim, ttlMs }) => [claim, ttlMs]);
    return this.#claimTokens(keys, args) as Promise<string>;
  }

  /** The same without the script, which costs Redis more than one command. */
  async #askAlone({ key, claim, ttlMs }: Try): Promise<string> {
    const holder = await this.#commands.set(key, claim, 'PX', ttlMs, 'NX', 'GET');
    return holder === null || holder === claim ? '1' : '0';
  }
}
