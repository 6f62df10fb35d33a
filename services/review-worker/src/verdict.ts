import { type Attributes, attributesBytes, isAttributes } from '@roomstream/protocol/attributes';
import { codePoints, limits } from '@roomstream/protocol/limits';

/** What a handler decided, or why its answer means nothing. */
export type Answer =
  | { readonly kind: 'allow'; readonly content: string; readonly attributes: Attributes }
  | { readonly kind: 'deny'; readonly reason: string | undefined }
  | { readonly kind: 'invalid'; readonly fault: string };

/** The message that the handler was asked about. */
export type Asked = { readonly attributes: Attributes; readonly maximumMessageLength: number };

/** Longest answer that is looked at, in bytes; the longest valid one that says nothing else has some 10 KB. */
export const longestAnswer = 256 * 1024;

/**
 * Reads a handler's answer (guide, "Response Fields"). Content counts for ALLOW alone and is required there; absent or
 * null Attributes keep the message's own; members of other names mean nothing.
 */
export function readAnswer(payload: Uint8Array, asked: Asked): Answer {
  const fields = parse(payload);
  if (typeof fields === 'string') return invalid(fields);
  const { ReviewResult: result, Content: content } = fields;
  if (result !== 'ALLOW' && result !== 'DENY') return invalid('ReviewResult is neither ALLOW nor DENY');
  const given = fields['Attributes'] ?? undefined;
  if (given !== undefined && !isAttributes(given)) return invalid('Attributes is not an object of strings');
  const bytes = given === undefined ? 0 : attributesBytes(given);
  if (bytes > limits.attributesBytes) return invalid(`Attributes has ${bytes} bytes of keys and values`);
  // An empty Reason says nothing that a client could show.
  if (result === 'DENY') return { kind: 'deny', reason: given?.['Reason'] || undefined };
  if (typeof content !== 'string') return invalid('Content is not a string');
  const length = codePoints(content);
  if (length === 0) return invalid('Content is empty');
  if (length > asked.maximumMessageLength) return invalid(`Content has ${length} characters`);
  return { kind: 'allow', content, attributes: given ?? asked.attributes };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The members of an answer, or what is wrong with it. */
function parse(payload: Uint8Array): Readonly<Record<string, unknown>> | string {
  if (payload.length === 0) return 'the answer is empty';
  if (payload.length > longestAnswer) return `the answer has more than ${longestAnswer} bytes`;
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(payload));
  } catch {
    return 'the answer is not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'the answer is no object';
  return value as Readonly<Record<string, unknown>>;
}

function invalid(fault: string): Answer {
  return { kind: 'invalid', fault };
}
