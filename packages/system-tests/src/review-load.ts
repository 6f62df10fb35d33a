import { openFrameSocket } from './frame-socket.ts';
import { functionArn } from './handler-endpoint.ts';
import type { Stage } from './stage.ts';

/** People who talk at a steady rate in rooms with a handler, and how long that takes. */
export type ReviewLoad = {
  /** Sends `perSecond` messages in all, spread over the senders, for so long; resolves when the last was sent. */
  run(perSecond: number, seconds: number): Promise<void>;
  report(): LoadReport;
  /** Forgets what was so far. */
  reset(): void;
  leave(): void;
};

/** What came of it, in milliseconds at the senders. */
export type LoadReport = {
  readonly sent: number;
  readonly delivered: number;
  /** ERROR 406: fallbackResult, for the handlers allow everything. */
  readonly denied: number;
  readonly otherErrors: number;
  /** From sending to receiving. */
  readonly totalMs: Quantiles;
  /** The same without the time that the handler took. */
  readonly addedMs: Quantiles;
};

/** Half of the values are below the first, 99 of 100 below the second. */
export type Quantiles = { readonly p50: number; readonly p99: number; readonly most: number };

/** Connects a sender to each of the rooms; their handler is `pass-<ms>` of a handler endpoint, with fallbackResult DENY. */
export async function openReviewLoad(stage: Stage, handlerMs: number, rooms: number): Promise<ReviewLoad> {
  let sent = 0;
  let denied = 0;
  let otherErrors = 0;
  let total: number[] = [];
  let added: number[] = [];
  const sentMs = new Map<string, number>();
  const onText = (payload: Buffer) => {
    const now = performance.now();
    const frame = JSON.parse(payload.toString()) as {
      RequestId: string;
      ErrorCode?: number;
      Attributes?: { handlerMs?: string };
    };
    const since = sentMs.get(frame.RequestId);
    // Of before a reset.
    if (since === undefined) return;
    sentMs.delete(frame.RequestId);
    if (frame.ErrorCode !== undefined) {
      if (frame.ErrorCode === 406) denied++;
      else otherErrors++;
      return;
    }
    total.push(now - since);
    added.push(now - since - Number(frame.Attributes?.handlerMs));
  };
  const open = async (_: unknown, n: number) => {
    const room = await stage.api.createRoom({
      maximumMessageRatePerSecond: 100,
      messageReviewHandler: { uri: functionArn(`pass-${handlerMs}`), fallbackResult: 'DENY' },
    });
    return openFrameSocket(stage.url(n % 2), await stage.api.token(room, 'sender'), { onText });
  };
  const sockets = await Promise.all(Array.from({ length: rooms }, open));
  const sendOne = () => {
    const RequestId = `${sent}`;
    sentMs.set(RequestId, performance.now());
    const Content = 'a message of ordinary length, as people write them in a chat beside a live stream';
    sockets[sent++ % rooms]?.sendText(JSON.stringify({ Action: 'SEND_MESSAGE', Content, RequestId }));
  };
  return {
    run: (perSecond, seconds) => steadily(perSecond, seconds, sendOne),
    report: () => ({
      sent,
      delivered: total.length,
      denied,
      otherErrors,
      totalMs: quantiles(total),
      addedMs: quantiles(added),
    }),
    reset: () => {
      [sent, denied, otherErrors, total, added] = [0, 0, 0, [], []];
      sentMs.clear();
    },
    leave: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Calls at the rate; what a busy machine missed is caught up with. */
function steadily(perSecond: number, seconds: number, act: () => void): Promise<void> {
  const start = performance.now();
  const all = Math.round(perSecond * seconds);
  let done = 0;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(all, Math.floor(((performance.now() - start) / 1000) * perSecond));
      for (; done < due; done++) act();
      if (done < all) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
}

function quantiles(values: readonly number[]): Quantiles {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), most: at(1) };
}
