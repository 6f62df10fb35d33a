import { formatArn } from '@roomstream/protocol/arn';
import { StoreUnavailable } from '@roomstream/store/store-unavailable';
import { KeysUnavailable } from '@roomstream/token/keys-unavailable';
import type { Audit } from './audit.ts';
import { authenticate } from './auth/authenticate.ts';
import type { Caller } from './auth/credentials.ts';
import type { HttpRequest } from './auth/http-request.ts';
import type { Services } from './call.ts';
import { type CallPermits, openCallPermits } from './call-permits.ts';
import { ApiError, type RenderedError, renderError, validationError } from './errors.ts';
import { JsonText } from './json-text.ts';
import type { ControlPlaneMetrics } from './metrics.ts';
import type { ShapeName } from './model/shapes.ts';
import { implementations } from './operations/implementations.ts';
import { readInput, route } from './route.ts';
import { throttle } from './throttle.ts';
import { validate } from './validate.ts';

/** A request as it came in; what can't be read of it rejects `read`. */
export type Incoming = {
  /** A UUID: the value of `x-amzn-RequestId`. */
  readonly requestId: string;
  readonly peer: string | undefined;
  read(): Promise<HttpRequest>;
};

/** What goes out. */
export type Answer = {
  readonly status: number;
  /** JSON; absent where the status has no body. */
  readonly body?: string;
  /** The value of `x-amzn-ErrorType`. */
  readonly errorType?: string;
};

/** What is known of a call so far: for the audit, whatever becomes of it. */
type Trace = { operation?: string; account?: string; user?: string; accessKeyId?: string; resource?: string };

/** Answers API calls. */
export type Api = (incoming: Incoming) => Promise<Answer>;

/** Opens the API: every call is answered, counted and written to the audit. */
export function openApi(services: Services, metrics: ControlPlaneMetrics, audit: Audit): Api {
  const permits = openCallPermits(services.store.rates);
  return async (incoming) => {
    const startedMs = performance.now();
    const trace: Trace = {};
    const answer = await perform(services, permits, incoming, trace).catch((error: unknown) =>
      failed(services, incoming, trace, error),
    );
    const durationMs = performance.now() - startedMs;
    const outcome = answer.errorType ?? 'ok';
    metrics.called(trace.operation ?? 'unknown', outcome, durationMs / 1000);
    audit({
      requestId: incoming.requestId,
      operation: trace.operation,
      account: trace.account,
      user: trace.user,
      accessKeyId: trace.accessKeyId,
      resource: trace.resource,
      outcome,
      status: answer.status,
      durationMs: Math.round(durationMs * 100) / 100,
      peer: incoming.peer,
    });
    return answer;
  };
}

/** The life of a call. Whether a resource exists is told only to callers who may ask: the operation authorises first. */
async function perform(
  services: Services,
  permits: CallPermits,
  incoming: Incoming,
  trace: Trace,
): Promise<Answer> {
  const request = await incoming.read();
  const found = route(request.method, request.rawPath);
  const { name, operation } = found;
  trace.operation = name;

  const authenticated = authenticate(request, services.credentials, services.region, Date.now());
  if (authenticated.kind === 'fault') throw new ApiError(authenticated.type, authenticated.message);
  const { caller } = authenticated;
  Object.assign(trace, { account: caller.account, user: caller.user, accessKeyId: caller.accessKeyId });

  const quotas = services.quotas.of(caller.account);
  if (quotas.isPendingVerification === true && isRefusedWhilePending(name)) {
    throw new ApiError('PendingVerification', 'Your account is pending verification.');
  }
  const source = {
    rawQuery: request.rawQuery,
    contentType: request.headers.get('content-type'),
    contentEncoding: request.headers.get('content-encoding'),
    body: request.body,
  };
  const ceilings = {
    RoomMaxMessageRatePerSecond: quotas.roomMessagesPerSecond,
    MaxMessageResults: services.mostMessages,
  };
  const validated = validate(operation.input as ShapeName, readInput(found, source), ceilings);
  if (validated.kind === 'invalid') throw validationError(validated.faults);
  const arn = arnIn(validated.value, services.region, caller);
  if (arn !== undefined) trace.resource = arn;

  await throttle(permits, quotas, name, { account: caller.account, arn });
  const output = await implementations[name]({ operation: name, caller, quotas, services }, validated.value);
  const { status } = operation;
  if (status === 204) return { status };
  return { status, body: output instanceof JsonText ? output.text : JSON.stringify(output) };
}

/** The model lists PendingVerification for every operation but those that read, and those on tags. */
function isRefusedWhilePending(operation: string): boolean {
  return !/^(Get|List|Tag|Untag)/.test(operation);
}

/** The resource that a call names, in whichever member its operation has it; a room's bare id is one of the caller's. */
function arnIn(input: unknown, region: string, { account }: Caller): string | undefined {
  const named = input as Readonly<Record<string, string | undefined>>;
  const { identifier, roomIdentifier, resourceArn, roomId } = named;
  if (roomId !== undefined) return formatArn({ region, account, kind: 'room', id: roomId });
  return identifier ?? roomIdentifier ?? resourceArn;
}

function failed(services: Services, incoming: Incoming, trace: Trace, error: unknown): Answer {
  // An outage is logged once, where the connection was lost; anything else is a bug.
  const isKnown =
    error instanceof ApiError || error instanceof StoreUnavailable || error instanceof KeysUnavailable;
  if (!isKnown) {
    const { requestId } = incoming;
    services.log.error({ err: error, requestId, operation: trace.operation }, 'an API call failed');
  }
  const { status, body, type }: RenderedError = renderError(error);
  return { status, body, errorType: type };
}
