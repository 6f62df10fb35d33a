import { fieldError, requestError, unknownOperation } from './errors.ts';
import { type OperationName, operations } from './model/operations.ts';
import type { Operation } from './model/shape.ts';

/** Which operation a request is for. */
export type Route = {
  readonly name: OperationName;
  readonly operation: Operation;
  /** What stands in the path after `/tags/`, still encoded. */
  readonly label: string | undefined;
};

/** A request as far as its input is read from it. */
export type InputSource = {
  readonly rawQuery: string;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly body: Buffer;
};

const labelled = '/{resourceArn}';
const byMethodAndPath = new Map(
  Object.entries(operations).map(([name, operation]) => [
    `${operation.method} ${operation.path}`,
    name as OperationName,
  ]),
);

/** Finds the operation by method and path; throws UNKNOWN_OPERATION. */
export function route(method: string, rawPath: string): Route {
  const exact = byMethodAndPath.get(`${method} ${rawPath}`);
  if (exact !== undefined && !rawPath.endsWith(labelled)) {
    return { name: exact, operation: operations[exact], label: undefined };
  }
  // Some clients leave the slash of the ARN unencoded, so the label is all that follows.
  const slash = rawPath.indexOf('/', 1);
  const name =
    slash === -1 ? undefined : byMethodAndPath.get(`${method} ${rawPath.slice(0, slash)}${labelled}`);
  if (name === undefined) throw unknownOperation();
  return { name, operation: operations[name], label: rawPath.slice(slash + 1) };
}

/** Gathers an operation's input from path, query and body, not validated yet. */
export function readInput(route: Route, source: InputSource): unknown {
  const { operation, label } = route;
  const input = operation.method === 'POST' ? parseBody(source) : {};
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  const bound: Record<string, unknown> = { ...input };
  for (const member of operation.uri) bound[member] = decode(member, label ?? '');
  for (const member of operation.query) {
    const values = queryValues(source.rawQuery, member);
    bound[member] = values.length === 0 ? undefined : values;
  }
  return bound;
}

const jsonType =
  /^application\/(json|x-amz-json-1\.[01])[ \t]*(;[ \t]*charset[ \t]*=[ \t]*"?utf-8"?[ \t]*)?$/i;
const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseBody(source: InputSource): unknown {
  const { body, contentType, contentEncoding } = source;
  if (contentEncoding !== undefined && contentEncoding.toLowerCase() !== 'identity') {
    throw requestError('Content-Encoding is not supported');
  }
  if (body.length === 0) return {};
  if (contentType === undefined || !jsonType.test(contentType)) {
    throw requestError('Content-Type must be application/json');
  }
  try {
    return JSON.parse(utf8.decode(body));
  } catch {
    throw requestError('The body is not valid JSON in UTF-8');
  }
}

function queryValues(rawQuery: string, member: string): string[] {
  if (rawQuery === '') return [];
  const values: string[] = [];
  for (const pair of rawQuery.split('&')) {
    const equals = pair.indexOf('=');
    const name = equals === -1 ? pair : pair.slice(0, equals);
    if (decode(member, name) === member)
      values.push(equals === -1 ? '' : decode(member, pair.slice(equals + 1)));
  }
  return values;
}

function decode(member: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw fieldError(member, 'is not valid percent-encoding');
  }
}
