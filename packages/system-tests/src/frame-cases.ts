import type { Random } from './random.ts';

/** A text frame to send. `code` is the ERROR that it must get; undefined: any answer but 500 will do. */
export type FrameCase = { readonly text: string; readonly code: 400 | 413 | undefined };

/** One frame, mostly malformed, chosen by chance. */
export function generateFrame(random: Random): FrameCase {
  return random.pick(kinds)(random);
}

const actions = ['SEND_MESSAGE', 'DELETE_MESSAGE', 'DISCONNECT_USER'];
const bad = (text: string): FrameCase => ({ text, code: 400 });
const large = (fields: object): FrameCase => ({ text: JSON.stringify(fields), code: 413 });

const kinds: readonly ((random: Random) => FrameCase)[] = [
  // No JSON at all.
  (random) => bad(`~${random.text(random.below(200))}`),
  () => bad(''),
  (random) => bad('[{"a":'.repeat(1 + random.below(1000))),
  // JSON, but no object.
  (random) => bad(JSON.stringify(random.pick([null, true, 0, -1e300, '', 'text', [], [[]], [{}]]))),
  // Cut short, so that the closing bracket is missing.
  (random) => {
    const text = JSON.stringify(validRequest(random));
    return bad(text.slice(0, 1 + random.below(text.length - 1)));
  },
  // An Action that is none.
  (random) => bad(JSON.stringify({ ...validRequest(random), Action: wrongValue(random) })),
  (random) => bad(JSON.stringify({ ...validRequest(random), Action: `_${random.text(5)}` })),
  // A field missing or of the wrong type.
  (random) => bad(JSON.stringify({ Action: random.pick(actions) })),
  (random) => bad(JSON.stringify({ Action: 'SEND_MESSAGE', Content: wrongValue(random) })),
  () => bad(JSON.stringify({ Action: 'SEND_MESSAGE', Content: '' })),
  (random) =>
    bad(
      JSON.stringify({
        Action: 'SEND_MESSAGE',
        Content: 'x',
        Attributes: { [random.text(3)]: random.below(9) },
      }),
    ),
  (random) => bad(JSON.stringify({ Action: 'DELETE_MESSAGE', Id: `~${random.text(11)}` })),
  (random) => bad(JSON.stringify({ ...validRequest(random), RequestId: random.below(1000) })),
  // Too large: a field, or the frame.
  (random) => large({ ...validRequest(random), RequestId: random.text(129 + random.below(200)) }),
  (random) =>
    large({ Action: 'DISCONNECT_USER', UserId: 'nobody', Reason: random.text(257 + random.below(99)) }),
  (random) =>
    large({ Action: 'SEND_MESSAGE', Content: 'x', Attributes: { k: 'v'.repeat(1024 + random.below(99)) } }),
  (random) =>
    random.below(20) === 0 ? large({ Action: 'x'.repeat(16_384 + random.below(40_000)) }) : bad('{'),
  // One character of a valid request changed, or nothing at all.
  (random) => ({ text: mutate(JSON.stringify(validRequest(random)), random), code: undefined }),
  (random) => ({ text: JSON.stringify(validRequest(random)), code: undefined }),
  // Names that mean something to JavaScript, in every place where a name can be.
  (random) => {
    const name = random.pick(['__proto__', 'constructor', 'toString', 'hasOwnProperty', '']);
    return {
      text: `{"Action":"SEND_MESSAGE","Content":"x","Attributes":{"${name}":"y"},"${name}":{"Action":"z"}}`,
      code: undefined,
    };
  },
];

function validRequest(random: Random): Record<string, unknown> {
  const request = random.below(2) === 0 ? {} : { RequestId: random.text(random.below(20)) };
  switch (random.pick(actions)) {
    case 'SEND_MESSAGE':
      return { ...request, Action: 'SEND_MESSAGE', Content: random.text(1 + random.below(100)) };
    case 'DELETE_MESSAGE':
      return {
        ...request,
        Action: 'DELETE_MESSAGE',
        Id: 'abcdefGHIJ12',
        Reason: random.text(random.below(50)),
      };
    default:
      return { ...request, Action: 'DISCONNECT_USER', UserId: `nobody ${random.text(random.below(20))}` };
  }
}

function wrongValue(random: Random): unknown {
  return random.pick([null, true, random.below(1e6), [], {}, [random.text(3)], { a: random.text(3) }]);
}

function mutate(text: string, random: Random): string {
  const at = random.below(text.length);
  const before = text.slice(0, at);
  const after = text.slice(at + 1);
  // Cutting a surrogate pair leaves half of it, which UTF-8 turns into U+FFFD.
  return Buffer.from(
    `${before}${random.pick(['', '"', '{', '}', ',', '\\', '0', random.text(1)])}${after}`,
  ).toString();
}
