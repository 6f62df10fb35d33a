import type { Entry } from '@roomstream/bus/entry';
import { encodeReply } from '@roomstream/bus/reply';
import type { WaitingReview } from '@roomstream/bus/review';
import type { ReviewGroup, ReviewListener } from '@roomstream/bus/review-group';
import { encodeError, errorCode } from '@roomstream/protocol/errors';
import { encodeMessage, encodeSender } from '@roomstream/protocol/frames';
import { background } from '@roomstream/runtime/background';
import { sleep } from '@roomstream/runtime/backoff';
import type { Log } from '@roomstream/runtime/log';
import type { Quotas } from '@roomstream/store/quotas';
import type { Handlers } from './handlers.ts';
import type { FailureReason, Invocation } from './invocation.ts';
import type { DecidedBy, Metrics } from './metrics.ts';
import { encodeRequest } from './request.ts';
import { type Answer, readAnswer } from './verdict.ts';

/** What a worker works with. */
export type WorkerParts = {
  readonly region: string;
  readonly handlers: Pick<Handlers, 'invoke'>;
  readonly group: Pick<ReviewGroup, 'settle' | 'resume'>;
  readonly quotas: Quotas;
  readonly metrics: Metrics;
  /** Messages in hand at most. */
  readonly concurrency: number;
  readonly deadlineMarginMs: number;
  /** Redis time. */
  readonly nowMs: () => number;
  readonly log: Log;
};

type Verdict = Exclude<Answer, { kind: 'invalid' }> & { readonly by: DecidedBy };

/** Reviews messages: asks each one's handler, and settles it. */
export class Worker implements ReviewListener {
  readonly #parts: WorkerParts;
  readonly #inHand = new Set<Promise<void>>();

  constructor(parts: WorkerParts) {
    this.#parts = parts;
  }

  /** Messages in hand. */
  get inHand(): number {
    return this.#inHand.size;
  }

  capacity(): number {
    return this.#parts.concurrency - this.#inHand.size;
  }

  onReview(review: WaitingReview, isClaimed: boolean): void {
    const done = this.#review(review, isClaimed).finally(() => {
      this.#inHand.delete(done);
      this.#parts.group.resume();
    });
    this.#inHand.add(done);
    background(done, this.#parts.log, 'reviewing a message');
  }

  /** Resolves when nothing is in hand any more. */
  async idle(): Promise<void> {
    while (this.#inHand.size > 0) await Promise.allSettled(this.#inHand);
  }

  async #review(review: WaitingReview, isClaimed: boolean): Promise<void> {
    const { group, metrics, nowMs, log } = this.#parts;
    const verdict = await this.#decide(review, isClaimed).catch((err: unknown) => {
      // A fault of ours must not cost the sender its answer, nor hold up what it sends next.
      log.error({ err, room: review.room, id: review.id }, 'a message could not be reviewed');
      return this.#fallBack(review, 'internal');
    });
    // SendTime is when the room gets it: clients sort by it.
    const sendTimeMs = nowMs();
    const outcome = await group.settle(review, entryOf(review, verdict, sendTimeMs));
    if (outcome === 'settled') metrics.settled(verdict.kind, verdict.by, nowMs() - review.submittedMs);
    else metrics.settledBefore();
  }

  async #decide(review: WaitingReview, isClaimed: boolean): Promise<Verdict> {
    const { metrics, quotas, handlers, nowMs, region, deadlineMarginMs } = this.#parts;
    const budgetMs = quotas.of(review.account).messageReviewTimeoutMs;
    const leftMs = review.submittedMs + budgetMs + deadlineMarginMs - nowMs();
    if (isClaimed) {
      metrics.claimed();
      // Its handler may have been asked, and the one who asked may still answer: until the deadline that counts.
      await sleep(leftMs);
    }
    if (isClaimed || leftMs <= 0) return this.#fallBack(review, 'late');
    const { uri } = review.handler;
    const payload = encodeRequest(review, region);
    const { invocation, tookMs } = await handlers.invoke(uri, payload, budgetMs, () =>
      metrics.waited(nowMs() - review.submittedMs),
    );
    if (tookMs !== undefined) metrics.invoked(tookMs);
    return this.#judge(review, invocation);
  }

  #judge(review: WaitingReview, invocation: Invocation): Verdict {
    const { metrics, log } = this.#parts;
    const { uri } = review.handler;
    switch (invocation.kind) {
      case 'failed':
        log.debug({ uri, reason: invocation.reason, err: invocation.err }, 'a handler could not be invoked');
        return this.#fallBack(review, invocation.reason);
      case 'function-error':
        metrics.functionError(uri);
        return fallback(review);
      case 'answered': {
        const answer = readAnswer(invocation.payload, review);
        if (answer.kind !== 'invalid') return { ...answer, by: 'handler' };
        metrics.validationError(uri);
        log.debug({ uri, fault: answer.fault }, 'a handler gave an invalid answer');
        return fallback(review);
      }
      default:
        return invocation satisfies never;
    }
  }

  #fallBack(review: WaitingReview, reason: FailureReason): Verdict {
    this.#parts.metrics.invocationError(review.handler.uri, reason);
    return fallback(review);
  }
}

/** What holds when the handler can't decide: the room's setting. */
function fallback(review: WaitingReview): Verdict {
  return review.handler.fallbackResult === 'ALLOW'
    ? { kind: 'allow', content: review.content, attributes: review.attributes, by: 'fallback' }
    : { kind: 'deny', reason: 'The message could not be reviewed', by: 'fallback' };
}

/** What the room's stream gets: the message for all, or ERROR 406 for its sender alone. */
function entryOf(review: WaitingReview, verdict: Verdict, sendTimeMs: number): Entry {
  const { account, room, id, requestId, sender, replyTo } = review;
  if (verdict.kind === 'allow') {
    const { content, attributes } = verdict;
    const encodedSender = encodeSender(sender.userId, sender.attributes);
    const message = { id, requestId, attributes, content, sendTimeMs, sender: encodedSender };
    return { kind: 'frame', account, room, id, body: encodeMessage(message) };
  }
  const message = verdict.reason ?? 'The message was denied by review';
  const error = encodeError({ code: errorCode.notAcceptable, message, requestId }, id);
  return { kind: 'reply', account, room, id, body: encodeReply(replyTo, error) };
}
