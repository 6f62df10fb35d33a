import { parseSecretJson } from '@roomstream/runtime/secret-json';

/** Where a message review handler lives. */
export type HandlerPlace =
  | {
      readonly kind: 'lambda';
      /** What is undefined comes from the settings. */
      readonly endpoint: string | undefined;
      readonly region: string | undefined;
      readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
    }
  | { readonly kind: 'webhook'; readonly url: URL; readonly secret: string };

/** Which handler lives where. */
export type HandlerTable = { find(uri: string): HandlerPlace };

const lambda: HandlerPlace = {
  kind: 'lambda',
  endpoint: undefined,
  region: undefined,
  credentials: undefined,
};

/** Every handler is a Lambda function. */
export const noHandlers: HandlerTable = { find: () => lambda };

/** A secret below this can be guessed from one signed request. */
const shortestSecret = 16;

type Members = Readonly<Record<string, unknown>>;

/**
 * Reads the handlers file (README.md, "Where handlers live"). Throws an Error that names every fault: a webhook that was
 * mistyped must not silently become a Lambda function.
 */
export function parseHandlerTable(text: string): HandlerTable {
  const faults: string[] = [];
  const file = members(parseSecretJson(text), 'the file', faults);
  only(file, ['handlers'], 'the file', faults);
  const rows = Object.entries(members(file['handlers'], 'handlers', faults)).map(([pattern, value]) => ({
    matches: matcher(pattern),
    place: parsePlace(members(value, pattern, faults), pattern, faults),
  }));
  if (faults.length > 0) throw new Error(faults.join('; '));
  return { find: (uri) => rows.find((row) => row.matches(uri))?.place ?? lambda };
}

/** `*` stands for any characters, `?` for one. */
function matcher(pattern: string): (uri: string) => boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  const expression = new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
  return (uri) => expression.test(uri);
}

function parsePlace(value: Members, what: string, faults: string[]): HandlerPlace {
  only(value, ['lambda', 'webhook'], what, faults);
  const { lambda: invoked, webhook } = value;
  if ((invoked === undefined) === (webhook === undefined)) {
    faults.push(`${what} must have either lambda or webhook`);
    return lambda;
  }
  if (invoked !== undefined) return parseLambda(members(invoked, `${what}: lambda`, faults), what, faults);
  return parseWebhook(members(webhook, `${what}: webhook`, faults), what, faults);
}

function parseLambda(value: Members, what: string, faults: string[]): HandlerPlace {
  only(value, ['endpoint', 'region', 'accessKeyId', 'secretAccessKey'], `${what}: lambda`, faults);
  const read = (name: string) => optionalText(value[name], `${what}: ${name}`, faults);
  const [accessKeyId, secretAccessKey] = [read('accessKeyId'), read('secretAccessKey')];
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined))
    faults.push(`${what}: accessKeyId and secretAccessKey go together`);
  const endpoint = read('endpoint');
  if (endpoint !== undefined) httpUrl(endpoint, `${what}: endpoint`, faults);
  const credentials =
    accessKeyId === undefined || secretAccessKey === undefined ? undefined : { accessKeyId, secretAccessKey };
  return { kind: 'lambda', endpoint, region: read('region'), credentials };
}

function parseWebhook(value: Members, what: string, faults: string[]): HandlerPlace {
  only(value, ['url', 'secret'], `${what}: webhook`, faults);
  const url = httpUrl(value['url'], `${what}: url`, faults);
  const { secret } = value;
  // The secret itself isn't shown.
  if (typeof secret !== 'string' || secret.length < shortestSecret)
    faults.push(`${what}: secret must be a text of at least ${shortestSecret} characters`);
  return { kind: 'webhook', url, secret: `${secret}` };
}

function httpUrl(value: unknown, what: string, faults: string[]): URL {
  const text = typeof value === 'string' ? value : '';
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return new URL(text);
  faults.push(`${what} must be a URL that begins with http:// or https://`);
  return new URL('http://invalid');
}

function optionalText(value: unknown, what: string, faults: string[]): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  faults.push(`${what} must be a text`);
  return undefined;
}

function members(value: unknown, what: string, faults: string[]): Members {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members;
  faults.push(`${what} must be an object`);
  return {};
}

function only(value: object, names: readonly string[], what: string, faults: string[]): void {
  for (const name of Object.keys(value)) {
    if (!names.includes(name)) faults.push(`${what} has ${JSON.stringify(name)}, which means nothing`);
  }
}
