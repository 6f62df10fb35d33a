import { STATUS_CODES } from 'node:http';
import { historyTag } from '@roomstream/store/history';
import type { AuthFaultType } from './auth/auth-fault.ts';
import type { ShapeName, Value } from './model/shapes.ts';
import type { FieldFault } from './validate.ts';

/**
 * Every error of the control plane and its HTTP status. The first part is the service model's, the second the common
 * errors of AWS for requests whose signature can't be accepted.
 */
export const errorStatus = {
  AccessDeniedException: 403,
  ConflictException: 409,
  InternalServerException: 500,
  PendingVerification: 403,
  ResourceNotFoundException: 404,
  ServiceQuotaExceededException: 402,
  ThrottlingException: 429,
  ValidationException: 400,

  ExpiredTokenException: 403,
  IncompleteSignature: 403,
  InvalidSignatureException: 403,
  MissingAuthenticationToken: 403,
  RequestExpired: 403,
  UnrecognizedClientException: 403,
} as const satisfies Readonly<Record<string, number>> & Readonly<Record<AuthFaultType, number>>;

/** The name of an error: the value of `x-amzn-ErrorType`. */
export type ErrorType = keyof typeof errorStatus;

/** An error of the API: thrown anywhere below a call, rendered in one place. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly type: ErrorType;
  /** Members of the error's shape beside `message`. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(type: ErrorType, message: string, members: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.type = type;
    this.members = members;
  }
}

/** What an error is on the wire. */
export type RenderedError = {
  readonly status: number;
  readonly type: ErrorType;
  /** JSON. */
  readonly body: string;
};

/** Renders any error: what isn't an ApiError is an InternalServerException that tells nothing. */
export function renderError(error: unknown): RenderedError {
  const { type, message, members } = error instanceof ApiError ? error : internalError();
  return { status: errorStatus[type], type, body: JSON.stringify({ message, ...members }) };
}

/** The answer to bytes that aren't an HTTP request, written where no response object exists. */
export function renderRawError(error: ApiError, requestId: string): string {
  const { status, type, body } = renderError(error);
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'connection: close',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-amzn-errortype: ${type}`,
    `x-amzn-requestid: ${requestId}`,
    '',
    body,
  ].join('\r\n');
}

/** The kind of a resource, as errors name it. */
export type ResourceType = Value<'ResourceType'>;

/** Fields break limits of the model: 400. */
export function validationError(faults: readonly FieldFault[]): ApiError {
  const texts = faults.map((fault) => `${fault.name} ${fault.message}`);
  return modelError('ValidationException', {
    message: `Wrong fields: ${texts.join('; ')}`,
    reason: 'FIELD_VALIDATION_FAILED',
    fieldList: faults.map(({ name, message }) => ({ name, message })),
  });
}

/** One field is wrong: 400. */
export function fieldError(name: string, message: string): ApiError {
  return validationError([{ name, message }]);
}

/** The request as a whole can't be read: 400. */
export function requestError(message: string): ApiError {
  return modelError('ValidationException', { message, reason: 'OTHER' });
}

/** No operation has this method and path: 400. */
export function unknownOperation(): ApiError {
  return modelError('ValidationException', {
    message: 'No operation has this method and path',
    reason: 'UNKNOWN_OPERATION',
  });
}

/** The caller may not do this, or the resource is another account's or region's: 403. */
export function accessDenied(message: string): ApiError {
  return modelError('AccessDeniedException', { message });
}

/** The resource doesn't exist: 404. */
export function resourceNotFound(resourceType: ResourceType, resourceId: string): ApiError {
  return modelError('ResourceNotFoundException', {
    message: `${spoken(resourceType)} ${resourceId} does not exist`,
    resourceId,
    resourceType,
  });
}

/** The resource is in a state that forbids this: 409. */
export function conflict(message: string, resourceType: ResourceType, resourceId: string): ApiError {
  return modelError('ConflictException', { message, resourceId, resourceType });
}

/** The account has as many resources as it may: 402. */
export function quotaExceeded(resourceType: ResourceType, account: string, limit: number): ApiError {
  return modelError('ServiceQuotaExceededException', {
    message: `The account may have at most ${limit} of ${spoken(resourceType)}`,
    resourceId: account,
    resourceType,
    limit,
  });
}

/** The room's history may not be read: 400. */
export function historyOff(roomId: string): ApiError {
  return requestError(
    `The history of room ${roomId} is not switched on; give the room the tag ${historyTag} with the value on (TagResource)`,
  );
}

/** A rate of the account is used up: 429. */
export function throttled(
  operation: string,
  resourceType: ResourceType,
  resourceId: string,
  limit: number,
): ApiError {
  return modelError('ThrottlingException', {
    message: `The account may call ${operation} at most ${limit} times a second`,
    resourceId,
    resourceType,
    limit,
  });
}

/** A log of the room holds as many waiting records as it may, and its operator wants nothing unlogged: 429. */
export function logFull(roomId: string, configurationId: string, limit: number): ApiError {
  return modelError('ThrottlingException', {
    message: `The room's logging configuration ${configurationId} has ${limit} records that can't be written yet and takes no more for now; try again later`,
    resourceId: roomId,
    resourceType: 'ROOM',
    limit,
  });
}

/** Something of ours failed; the call may be repeated: 500. */
export function internalError(): ApiError {
  return modelError('InternalServerException', { message: 'The service failed; try again' });
}

/** Keeps each error's members to its shape, so that none is forgotten. */
function modelError<T extends ErrorType & ShapeName>(type: T, body: Value<T>): ApiError {
  const { message, ...members } = body as { readonly message: string };
  return new ApiError(type, message, members);
}

function spoken(resourceType: ResourceType): string {
  return resourceType === 'ROOM' ? 'Room' : 'Logging configuration';
}
