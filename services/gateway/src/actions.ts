import { type ErrorCode, encodeError, errorCode, type Refusal } from '@roomstream/protocol/errors';
import { newId } from '@roomstream/protocol/ids';
import { limits } from '@roomstream/protocol/limits';
import { type Decoded, decodeRequest, type Request } from '@roomstream/protocol/requests';
import type { Log } from '@roomstream/runtime/log';
import type { Quotas } from '@roomstream/store/quotas';
import { StoreUnavailable } from '@roomstream/store/store-unavailable';
import { type HandOverParts, handOver, type Outcome } from './hand-over.ts';
import { takeRequest } from './limits.ts';
import type { Metrics } from './metrics.ts';
import type { Session } from './session.ts';

/** What the actions work with: the edges of the process, passed in. */
export type ActionParts = HandOverParts & {
  readonly quotas: Quotas;
  readonly metrics: Pick<Metrics, 'request' | 'messagingRequest' | 'error'>;
  readonly log: Log;
  readonly send: (session: Session, frame: string) => void;
};

/** What clients' frames do. */
export type Actions = {
  /** Handles one frame; never throws. */
  frame(session: Session, bytes: Buffer, isBinary: boolean): void;
  /** Resolves when no request is under way any more. */
  idle(): Promise<void>;
};

/** Requests of clients: read, held against the connection's limits, carried out; every refusal is an ERROR frame. */
export function openActions(parts: ActionParts): Actions {
  const underWay = new Set<Promise<void>>();

  const refuse = (session: Session, id: string, refusal: Refusal) => {
    parts.metrics.error(refusal.code);
    parts.send(session, encodeError(refusal, id));
  };

  const failed = (session: Session, request: Request, err: unknown): Outcome => {
    // Nothing was published. An outage fails every request, and is logged by who notices it first.
    const level = err instanceof StoreUnavailable ? 'debug' : 'warn';
    parts.log[level]({ err, room: session.room.id, action: request.action }, 'a request failed');
    return { kind: 'refused', code: errorCode.internal, message: 'The request failed; try again' };
  };

  const carryOut = async (session: Session, request: Request, id: string) => {
    let outcome: Outcome;
    try {
      const turn = inTurn(session, () => handOver(parts, session, request, id));
      outcome = turn instanceof Promise ? await turn : turn;
    } catch (err) {
      outcome = failed(session, request, err);
    }
    const verdict = outcome.kind === 'refused' ? outcome : await outcome.verdict;
    if (verdict !== undefined) refuse(session, id, { ...verdict, requestId: request.requestId });
  };

  return {
    frame: (session, bytes, isBinary) => {
      parts.metrics.messagingRequest();
      // The Id of what the request makes, and of its ERROR (messaging reference, "Error Messages").
      const id = newId();
      const checked = read(parts, session, bytes, isBinary);
      if (checked.kind === 'refused') return refuse(session, id, checked.refusal);
      const done = carryOut(session, checked.request, id).finally(() => underWay.delete(done));
      underWay.add(done);
    },
    idle: async () => {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}

/**
 * Lets the requests of one connection reach the bus in the order in which they came, even when one must wait for a
 * record. Most don't wait, and then there is no turn to keep.
 */
function inTurn(session: Session, act: () => Outcome | Promise<Outcome>): Outcome | Promise<Outcome> {
  const before = session.turn;
  const outcome = before === undefined ? act() : before.then(act);
  if (!(outcome instanceof Promise)) return outcome;
  const end = () => {
    if (session.turn === turn) session.turn = undefined;
  };
  const turn: Promise<void> = outcome.then(end, end);
  session.turn = turn;
  return outcome;
}

/** Reads a frame and holds it against what needs only the session: its end, the connection's rate, the capability. */
function read(parts: ActionParts, session: Session, bytes: Buffer, isBinary: boolean): Decoded {
  const quotas = parts.quotas.of(session.room.account);
  const perSecond = quotas.requestsPerConnectionPerSecond;
  // Wrong frames use up the rate as well.
  const isOverRate = !takeRequest(session, perSecond, performance.now());
  const decoded = decode(session, bytes, isBinary, isOverRate);
  if (isOverRate) {
    const message = `The limit is ${perSecond} requests per second on a connection`;
    return refused(errorCode.tooManyRequests, message, requestIdOf(decoded));
  }
  if (decoded.kind === 'refused') return decoded;
  const { action, requestId } = decoded.request;
  parts.metrics.request(action);
  if (quotas.isPendingVerification === true) {
    return refused(
      errorCode.forbidden,
      'The account is pending verification and may not use chat',
      requestId,
    );
  }
  if (session.hasCapability(action)) return decoded;
  return refused(errorCode.forbidden, `The token lacks the capability ${action}`, requestId);
}

function decode(session: Session, bytes: Buffer, isBinary: boolean, isOverRate: boolean): Decoded {
  if (session.hasEnded) return refused(errorCode.unauthorized, 'The session has ended', undefined);
  if (isBinary) return refused(errorCode.badRequest, 'Frames must be text', undefined);
  if (bytes.length <= limits.frameBytes) return decodeRequest(bytes.toString());
  // Official clients wait for the answer with their RequestId; only for a flood the large frame isn't read.
  const requestId = isOverRate ? undefined : requestIdOf(decodeRequest(bytes.toString()));
  const message = `The frame has ${bytes.length} bytes, the limit is ${limits.frameBytes}`;
  return refused(errorCode.payloadTooLarge, message, requestId);
}

function requestIdOf(decoded: Decoded): string | undefined {
  return decoded.kind === 'request' ? decoded.request.requestId : decoded.refusal.requestId;
}

function refused(code: ErrorCode, message: string, requestId: string | undefined): Decoded {
  return { kind: 'refused', refusal: { code, message, requestId } };
}
