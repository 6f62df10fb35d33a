/** Why a handler could not be invoked. Closed set: it labels a metric. */
export type FailureReason =
  | 'timeout'
  | 'throttled'
  | 'access-denied'
  | 'not-found'
  | 'unreachable'
  /** More invocations of the handler are under way than allowed. */
  | 'busy'
  /** The circuit breaker is open. */
  | 'breaker'
  /** The message had waited beyond its deadline. */
  | 'late'
  /** A fault of this worker. */
  | 'internal';

/** How an invocation ended. */
export type Invocation =
  | { readonly kind: 'answered'; readonly payload: Uint8Array }
  /** The handler ran, and failed. */
  | { readonly kind: 'function-error' }
  | { readonly kind: 'failed'; readonly reason: FailureReason; readonly err?: unknown };

/** Invokes one handler with the JSON of the guide ("Request Syntax"). Rejects when `signal` aborts, or for other failures. */
export type Invoke = (uri: string, payload: string, signal: AbortSignal) => Promise<Invocation>;

/**
 * An answer that is read this long after the budget still counts, should this process have been busy when it arrived. Not
 * more: nobody can tell then when it came, and what was late must not pass.
 */
const graceMs = 20;

/**
 * Runs an invocation within a budget of milliseconds. Never rejects. The call itself may go on for a moment: looking for
 * credentials doesn't listen to a signal.
 */
export function withinBudget(
  budgetMs: number,
  call: (signal: AbortSignal) => Promise<Invocation>,
): Promise<Invocation> {
  const abort = new AbortController();
  const beganMs = performance.now();
  return new Promise((resolve) => {
    const end = () => {
      resolve({ kind: 'failed', reason: 'timeout' });
      abort.abort();
    };
    // What is in the socket already is read before it strikes.
    const timer = setTimeout(() => setImmediate(end), budgetMs);
    // A call that throws at once, an argument that Node refuses for one, is a failure like others.
    Promise.resolve(abort.signal)
      .then(call)
      .then(
        (invocation) => {
          clearTimeout(timer);
          if (performance.now() - beganMs > budgetMs + graceMs) end();
          else resolve(invocation);
        },
        (err: unknown) => {
          clearTimeout(timer);
          resolve({ kind: 'failed', reason: 'unreachable', err });
        },
      );
  });
}
