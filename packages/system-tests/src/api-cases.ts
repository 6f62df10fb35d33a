import type { Random } from './random.ts';
import type { PlainRequest } from './sign-request.ts';

/** Resources that generated requests may name. */
export type Resources = { readonly room: string; readonly loggingConfiguration: string };

/** An API request chosen by chance: near to a valid one, or far from it. */
export function generateRequest(random: Random, host: string, resources: Resources): PlainRequest {
  const operation = random.pick(Object.keys(validBodies) as (keyof typeof validBodies)[]);
  const valid = validBodies[operation](resources);
  const base = {
    method: 'POST',
    path: `/${operation}`,
    headers: { host, 'content-type': 'application/json' },
  };
  switch (random.below(10)) {
    case 0:
      return { ...base, body: random.bytes(random.below(300)) };
    case 1:
      return { ...base, body: Buffer.from(JSON.stringify(anyValue(random, 3))) };
    case 2:
      return { ...base, path: `/${encodeURIComponent(random.text(random.below(12)))}`, body: json(valid) };
    case 3:
      return {
        ...base,
        method: random.pick(['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']),
        body: Buffer.alloc(0),
      };
    case 4:
      return tagRequest(random, base.headers, resources);
    case 5:
      return {
        ...base,
        headers: { ...base.headers, 'content-type': random.pick(contentTypes) },
        body: json(valid),
      };
    case 6: {
      const text = JSON.stringify(valid);
      return { ...base, body: Buffer.from(text.slice(0, random.below(text.length))) };
    }
    default:
      return { ...base, body: json(withOneFieldWrong(valid, random)) };
  }
}

const contentTypes = [
  'text/plain',
  'application/x-amz-json-1.0',
  'application/json; charset=utf-8',
  '',
  'multipart/form-data',
];
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** Bodies that do no lasting harm to the two resources: nothing here deletes them. */
const validBodies = {
  CreateChatToken: ({ room }) => ({
    roomIdentifier: room,
    userId: 'fuzz',
    capabilities: ['SEND_MESSAGE'],
    sessionDurationInMinutes: 5,
    attributes: { name: 'fuzz' },
  }),
  GetRoom: ({ room }) => ({ identifier: room }),
  UpdateRoom: ({ room, loggingConfiguration }) => ({
    identifier: room,
    name: 'fuzz',
    maximumMessageRatePerSecond: 10,
    maximumMessageLength: 100,
    loggingConfigurationIdentifiers: [loggingConfiguration],
    messageReviewHandler: { uri: '', fallbackResult: 'ALLOW' },
  }),
  ListRooms: () => ({ maxResults: 10, name: 'fuzz', nextToken: 'x' }),
  SendEvent: ({ room }) => ({ roomIdentifier: room, eventName: 'fuzz', attributes: { a: 'b' } }),
  DeleteMessage: ({ room }) => ({ roomIdentifier: room, id: 'abcdefGHIJ12', reason: 'fuzz' }),
  DisconnectUser: ({ room }) => ({ roomIdentifier: room, userId: 'nobody', reason: 'fuzz' }),
  GetLoggingConfiguration: ({ loggingConfiguration }) => ({ identifier: loggingConfiguration }),
  UpdateLoggingConfiguration: ({ loggingConfiguration }) => ({
    identifier: loggingConfiguration,
    name: 'fuzz',
    destinationConfiguration: { s3: { bucketName: 'fuzz-bucket' } },
  }),
  ListLoggingConfigurations: () => ({ maxResults: 5, nextToken: 'x' }),
  DeleteRoom: ({ loggingConfiguration }) => ({ identifier: loggingConfiguration }),
  DeleteLoggingConfiguration: ({ room }) => ({ identifier: room }),
} satisfies Record<string, (resources: Resources) => Record<string, unknown>>;

function tagRequest(random: Random, headers: PlainRequest['headers'], resources: Resources): PlainRequest {
  const arn = random.pick([resources.room, resources.loggingConfiguration, random.text(20)]);
  const keys = Array.from({ length: random.below(4) }, () => `tagKeys=${encodeURIComponent(random.text(4))}`);
  const method = random.pick(['GET', 'POST', 'DELETE']);
  const tags = Object.fromEntries(
    Array.from({ length: random.below(5) }, () => [random.text(3), random.text(9)]),
  );
  return {
    method,
    path: `/tags/${encodeURIComponent(arn)}${keys.length > 0 ? `?${keys.join('&')}` : ''}`,
    headers,
    body: method === 'POST' ? json(random.below(3) === 0 ? anyValue(random, 2) : { tags }) : Buffer.alloc(0),
  };
}

function withOneFieldWrong(body: Readonly<Record<string, unknown>>, random: Random): unknown {
  const name = random.pick([...Object.keys(body), '__proto__', random.text(3)]);
  return Object.fromEntries([...Object.entries(body), [name, anyValue(random, 2)]]);
}

function anyValue(random: Random, depth: number): unknown {
  switch (random.below(depth > 0 ? 9 : 6)) {
    case 0:
      return null;
    case 1:
      return random.below(2) === 0;
    case 2:
      return random.pick([0, -1, 1.5, 1e300, 2 ** 53, random.below(1000)]);
    case 3:
      return random.text(random.below(300));
    case 4:
      return '';
    case 5:
      return random.pick([
        'arn:aws:ivschat:us-west-2:000000000000:room/AAAAAAAAAAAA',
        '__proto__',
        'DENY',
        'NaN',
      ]);
    case 6:
      return Array.from({ length: random.below(6) }, () => anyValue(random, depth - 1));
    default:
      return Object.fromEntries(
        Array.from({ length: random.below(6) }, () => [
          random.text(random.below(9)),
          anyValue(random, depth - 1),
        ]),
      );
  }
}
