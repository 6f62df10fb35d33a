import type { Log } from '@roomstream/runtime/log';
import { Breaker } from './breaker.ts';
import { Gate } from './gate.ts';
import { type FailureReason, type Invocation, type Invoke, withinBudget } from './invocation.ts';

/** How handlers are guarded. */
export type HandlersOptions = {
  readonly invoke: Invoke;
  /** Invocations of one handler at once, and how long a message waits for its turn. */
  readonly concurrency: number;
  readonly waitMs: number;
  readonly breakerFailures: number;
  readonly breakerLeastMs: number;
  readonly breakerOpenMs: number;
  readonly log: Log;
};

/** An invocation and how long it took: undefined when it never began. */
export type Timed = { readonly invocation: Invocation; readonly tookMs: number | undefined };

type Handler = { readonly gate: Gate; readonly breaker: Breaker };

/** Handlers that are remembered; beyond it those that are at rest are forgotten. */
const mostHandlers = 10_000;

/** Invokes handlers, each within bounds of its own: a slow or broken one costs only its own messages. */
export class Handlers {
  readonly #options: HandlersOptions;
  readonly #handlers = new Map<string, Handler>();

  constructor(options: HandlersOptions) {
    this.#options = options;
  }

  /** URIs of the handlers that aren't invoked as usual. */
  openBreakers(): string[] {
    return [...this.#handlers].flatMap(([uri, { breaker }]) => (breaker.state === 'closed' ? [] : [uri]));
  }

  /** Invokes a handler within `budgetMs` of the start. `onStart` is called right before. Never rejects. */
  async invoke(uri: string, payload: string, budgetMs: number, onStart: () => void): Promise<Timed> {
    const { gate, breaker } = this.#handlerOf(uri);
    const entered = gate.enter();
    if (!(entered instanceof Promise ? await entered : entered)) return notBegun('busy');
    try {
      const ticket = breaker.admit(performance.now());
      if (ticket === undefined) return notBegun('breaker');
      onStart();
      const beganMs = performance.now();
      const invocation = await withinBudget(budgetMs, (signal) => this.#options.invoke(uri, payload, signal));
      const endedMs = performance.now();
      const before = breaker.state;
      breaker.settle(ticket, invocation.kind === 'answered', endedMs);
      if (breaker.state !== before) this.#logChange(uri, breaker, before, invocation);
      return { invocation, tookMs: endedMs - beganMs };
    } finally {
      gate.leave();
    }
  }

  #handlerOf(uri: string): Handler {
    const known = this.#handlers.get(uri);
    if (known !== undefined) return known;
    if (this.#handlers.size >= mostHandlers) this.#forgetIdle();
    const { concurrency, waitMs, breakerFailures, breakerLeastMs, breakerOpenMs } = this.#options;
    const handler = {
      gate: new Gate(concurrency, waitMs),
      breaker: new Breaker(breakerFailures, breakerLeastMs, breakerOpenMs),
    };
    this.#handlers.set(uri, handler);
    return handler;
  }

  #forgetIdle(): void {
    for (const [uri, { gate, breaker }] of this.#handlers) {
      if (gate.isIdle && breaker.state === 'closed') this.#handlers.delete(uri);
    }
  }

  /** A probe that fails again isn't news. */
  #logChange(uri: string, { state }: Breaker, before: Breaker['state'], invocation: Invocation): void {
    const { log } = this.#options;
    if (state === 'closed') log.info({ uri }, 'a message review handler works again');
    else if (before === 'closed') {
      const { reason, err } = invocation.kind === 'failed' ? invocation : { reason: invocation.kind };
      log.warn(
        { uri, reason, err },
        'a message review handler fails again and again; fallbackResult for a while',
      );
    }
  }
}

function notBegun(reason: FailureReason): Timed {
  return { invocation: { kind: 'failed', reason }, tookMs: undefined };
}
