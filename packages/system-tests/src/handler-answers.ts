import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type Behaviour, respond } from './handler-endpoint.ts';
import type { ReviewError } from './review-metrics.ts';

/** What must become of a message that was asked with `askedMessage`. */
export type Expected =
  | {
      readonly kind: 'allowed';
      readonly content: string;
      readonly attributes: Readonly<Record<string, string>>;
    }
  /** 406 with this ErrorMessage; any but an empty one when absent. */
  | { readonly kind: 'denied'; readonly reason?: string }
  /** fallbackResult decides, and the counter of the handler moves. */
  | { readonly kind: 'fallback'; readonly error: ReviewError };

/** One way in which a handler answers. */
export type AnswerCase = {
  readonly what: string;
  readonly expected: Expected;
  readonly behaviour: Behaviour;
};

/** The message that is reviewed, and its room's maximumMessageLength. */
export const askedMessage = { Content: 'hello', Attributes: { emote: 'wave' } } as const;
export const maximumMessageLength = 12;
/** The table's time limit: long enough for a busy machine, so that only what is meant to be late is. */
export const tableTimeoutMs = 1_500;

const unchanged = { kind: 'allowed', content: 'hello', attributes: askedMessage.Attributes } as const;
const allowed = (content: string, attributes: Readonly<Record<string, string>> = askedMessage.Attributes) =>
  ({ kind: 'allowed', content, attributes }) as const;
const invalid = { kind: 'fallback', error: 'ResponseValidationErrors' } as const;
const notInvoked = { kind: 'fallback', error: 'InvocationErrors' } as const;
const functionError = { kind: 'fallback', error: 'FunctionErrors' } as const;

/** 200 with a body, as JSON unless it is text or bytes. */
const says = (what: string, body: unknown, expected: Expected): AnswerCase => ({
  what,
  expected,
  behaviour: (response) => respond(response, body),
});

const refuses = (status: number, errorType: string): AnswerCase => ({
  what: `${status} ${errorType}`,
  expected: notInvoked,
  behaviour: (response) => {
    respond(response, { Type: 'User', Message: 'no' }, status, { 'X-Amzn-ErrorType': errorType });
  },
});

const late = tableTimeoutMs + 1_000;
const allow = { ReviewResult: 'ALLOW', Content: 'hello' } as const;
const kilobyte = { k: 'v'.repeat(1023) } as const;

/** Valid by the guide and the contract. */
const validAnswers: readonly AnswerCase[] = [
  says('ALLOW without Attributes', allow, unchanged),
  says('ALLOW with Attributes null, as Go renders an empty map', { ...allow, Attributes: null }, unchanged),
  says('ALLOW with Attributes {}', { ...allow, Attributes: {} }, allowed('hello', {})),
  says(
    'ALLOW with other Content and Attributes',
    { ...allow, Content: 'HELLO', Attributes: { a: '1' } },
    allowed('HELLO', { a: '1' }),
  ),
  says('Content of one code point', { ...allow, Content: '👋' }, allowed('👋')),
  says(
    'Content as long as the room allows, by code points',
    { ...allow, Content: '👋'.repeat(maximumMessageLength) },
    allowed('👋'.repeat(maximumMessageLength)),
  ),
  says('Attributes of exactly 1 KB', { ...allow, Attributes: kilobyte }, allowed('hello', kilobyte)),
  says('members that the guide does not know', { ...allow, Score: 0.9, Tags: ['x'] }, unchanged),
  says('JSON with blanks around', `\n\t${JSON.stringify(allow)} \n`, unchanged),
  says('Content that needs escapes', { ...allow, Content: '"\\\n\u2028</a>' }, allowed('"\\\n\u2028</a>')),
  says(
    'DENY with a Reason',
    { ReviewResult: 'DENY', Content: 'hello', Attributes: { Reason: 'denied for moderation' } },
    { kind: 'denied', reason: 'denied for moderation' },
  ),
  says('DENY alone', { ReviewResult: 'DENY' }, { kind: 'denied' }),
  says('DENY with Attributes null', { ReviewResult: 'DENY', Attributes: null }, { kind: 'denied' }),
  says(
    'DENY with Attributes but no Reason',
    { ReviewResult: 'DENY', Attributes: { a: '1' } },
    { kind: 'denied' },
  ),
  // "This applies only when ReviewResult is ALLOW."
  says(
    'DENY with Content beyond the limit',
    { ReviewResult: 'DENY', Content: 'x'.repeat(maximumMessageLength + 1) },
    { kind: 'denied' },
  ),
  says('DENY with empty Content', { ReviewResult: 'DENY', Content: '' }, { kind: 'denied' }),
];

const wrongWords: readonly AnswerCase[] = [
  undefined,
  null,
  '',
  'allow',
  'ALLOWED',
  ' ALLOW',
  true,
  1,
  ['ALLOW'],
  {},
].map((ReviewResult) =>
  says(`ReviewResult ${JSON.stringify(ReviewResult)}`, { Content: 'hello', ReviewResult }, invalid),
);

const wrongContents: readonly AnswerCase[] = [
  undefined,
  null,
  '',
  7,
  false,
  ['hello'],
  { text: 'hello' },
].map((Content) => says(`Content ${JSON.stringify(Content)}`, { ReviewResult: 'ALLOW', Content }, invalid));

const wrongAttributes: readonly AnswerCase[] = [
  'text',
  7,
  true,
  [],
  ['a'],
  { a: 1 },
  { a: null },
  { a: true },
  { a: { b: 'c' } },
  { a: ['b'] },
].map((Attributes) => says(`Attributes ${JSON.stringify(Attributes)}`, { ...allow, Attributes }, invalid));

const wrongForms: readonly AnswerCase[] = [
  says(
    'Content one code point too long',
    { ...allow, Content: '👋'.repeat(maximumMessageLength + 1) },
    invalid,
  ),
  says('Attributes of 1 KB and a byte', { ...allow, Attributes: { kk: 'v'.repeat(1023) } }, invalid),
  says('Attributes of over 1 KB in bytes only', { ...allow, Attributes: { k: 'é'.repeat(600) } }, invalid),
  says('an empty body', '', invalid),
  says('JSON null', 'null', invalid),
  says('a JSON array', JSON.stringify([allow]), invalid),
  says('a JSON string', JSON.stringify('ALLOW'), invalid),
  says('a JSON string that holds the answer', JSON.stringify(JSON.stringify(allow)), invalid),
  says('text that is no JSON', 'ALLOW', invalid),
  says('JSON that ends too early', JSON.stringify(allow).slice(0, -1), invalid),
  says('two answers', JSON.stringify(allow) + JSON.stringify(allow), invalid),
  says(
    'bytes that are no UTF-8',
    Buffer.from('{"ReviewResult":"ALLOW","Content":"\xff\xfe"}', 'latin1'),
    invalid,
  ),
  says('names in lower case', { reviewResult: 'ALLOW', content: 'hello' }, invalid),
  says('6 MB of Content', { ...allow, Content: 'x'.repeat(6 * 1024 * 1024 - 100) }, invalid),
  says(
    '6 MB of other members',
    { ...allow, Content: 7, Padding: 'x'.repeat(6 * 1024 * 1024 - 100) },
    invalid,
  ),
];

const failures: readonly AnswerCase[] = [
  {
    what: 'a function error',
    expected: functionError,
    behaviour: (response) => fails(response, { errorMessage: 'boom', errorType: 'Error' }),
  },
  {
    what: 'a function error whose body looks like an answer',
    expected: functionError,
    behaviour: (response) => fails(response, allow),
  },
  refuses(404, 'ResourceNotFoundException'),
  refuses(403, 'AccessDeniedException'),
  refuses(429, 'TooManyRequestsException'),
  refuses(400, 'InvalidRequestContentException'),
  refuses(500, 'ServiceException'),
  refuses(502, 'ENILimitReachedException'),
  {
    what: '500 without an error type',
    expected: notInvoked,
    behaviour: (response) => respond(response, '<html>Internal Server Error</html>', 500),
  },
  {
    what: 'no answer but the end of the connection',
    expected: notInvoked,
    behaviour: (response) => void response.destroy(),
  },
  {
    what: 'an answer that ends in its middle',
    expected: notInvoked,
    behaviour: (response) => {
      const body = JSON.stringify(allow);
      response.writeHead(200, { 'Content-Length': `${body.length}` });
      response.write(body.slice(0, 10), () => response.destroy());
    },
  },
  {
    what: 'headers that come too late',
    expected: notInvoked,
    behaviour: async (response) => {
      await delay(late);
      respond(response, allow);
    },
  },
  { what: 'a body that comes too late', expected: notInvoked, behaviour: dripping },
];

function fails(response: ServerResponse, body: unknown): void {
  respond(response, body, 200, { 'X-Amz-Function-Error': 'Unhandled' });
}

/** Headers at once, then a byte now and then. */
async function dripping(response: ServerResponse): Promise<void> {
  const body = JSON.stringify(allow);
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': `${body.length}` });
  for (const byte of body) {
    response.write(byte);
    await delay(late / body.length);
  }
  response.end();
}

/** Each way in which an endpoint that can be reached answers. */
export const answerCases: readonly AnswerCase[] = [
  ...validAnswers,
  ...wrongWords,
  ...wrongContents,
  ...wrongAttributes,
  ...wrongForms,
  ...failures,
];
