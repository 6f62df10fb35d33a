import { fieldError, requestError, unknownOperation } from './errors.ts';
import { everyOperation, type OperationName } from './every-operation.ts';
import type { Operation } from './model/shape.ts';
import { type ShapeName, shapes } from './model/shapes.ts';

/** Which operation a request is for. */
export type Route = {
  readonly name: OperationName;
  readonly operation: Operation;
  /** What stands in the path in the place of a member, as in `/tags/{resourceArn}`; still encoded. */
  readonly label: string | undefined;
};

/** A request as far as its input is read from it. */
export type InputSource = {
  readonly rawQuery: string;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly body: Buffer;
};

/** A path with a member in it: what stands before and after that. */
type Template = {
  readonly name: OperationName;
  readonly method: string;
  readonly before: string;
  readonly after: string;
};

const exact = new Map<string, OperationName>();
const templates: Template[] = [];
for (const [key, { method, path }] of Object.entries(everyOperation)) {
  const name = key as OperationName;
  const [before = '', after] = path.split(/\{\w+\}/);
  if (after === undefined) exact.set(`${method} ${path}`, name);
  else templates.push({ name, method, before, after });
}

/** Finds the operation by method and path; throws UNKNOWN_OPERATION. */
export function route(method: string, rawPath: string): Route {
  const name = exact.get(`${method} ${rawPath}`);
  if (name !== undefined) return { name, operation: everyOperation[name], label: undefined };
  // Some clients leave the slash of an ARN unencoded, so the label is all that stands there.
  const template = templates.find((each) => each.method === method && matches(each, rawPath));
  if (template === undefined) throw unknownOperation();
  const label = rawPath.slice(template.before.length, rawPath.length - template.after.length);
  return { name: template.name, operation: everyOperation[template.name], label };
}

function matches({ before, after }: Template, rawPath: string): boolean {
  return (
    rawPath.startsWith(before) && rawPath.endsWith(after) && rawPath.length >= before.length + after.length
  );
}

/** Gathers an operation's input from path, query and body, not validated yet. */
export function readInput(route: Route, source: InputSource): unknown {
  const { operation, label } = route;
  const input = operation.method === 'POST' ? parseBody(source) : {};
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  const bound: Record<string, unknown> = { ...input };
  for (const member of operation.uri) bound[member] = decode(member, label ?? '');
  for (const member of operation.query) {
    bound[member] = bind(operation, member, queryValues(source.rawQuery, member));
  }
  return bound;
}

/** What a member in the query stands for: its shape says whether that is a list, a number or a text. */
function bind(operation: Operation, member: string, values: readonly string[]): unknown {
  const [value, ...more] = values;
  const input = shapes[operation.input as ShapeName];
  const shape = input.type === 'structure' ? shapes[input.members[member] as ShapeName] : undefined;
  if (value === undefined) return undefined;
  // Where only one may be given, more than one are refused as a list.
  if (shape?.type === 'list' || more.length > 0) return values;
  return shape?.type === 'integer' && /^-?[0-9]+$/.test(value) ? Number(value) : value;
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
