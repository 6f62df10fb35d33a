import type { MessageReviewHandler } from '@roomstream/store/records';
import type { Call } from '../call.ts';
import { fieldError } from '../errors.ts';
import type { Value } from '../model/shapes.ts';

/**
 * The message review handler after a request: members that are absent keep what `current` has, an empty `uri` removes the
 * handler, and without a `uri` there is none. Throws ValidationException for a function of another account or region.
 */
export function nextReviewHandler(
  call: Call,
  current: MessageReviewHandler | undefined,
  wanted: Value<'MessageReviewHandler'> | undefined,
): MessageReviewHandler | undefined {
  if (wanted === undefined) return current;
  const uri = wanted.uri ?? current?.uri ?? '';
  if (uri === '') return undefined;
  const own = `arn:aws:lambda:${call.services.region}:${call.caller.account}:function:`;
  if (!uri.startsWith(own)) {
    throw fieldError(
      'messageReviewHandler.uri',
      `has ${uri.length} characters that do not begin with ${own}: the function must be of the room's account and region`,
    );
  }
  return { uri, fallbackResult: wanted.fallbackResult ?? current?.fallbackResult ?? 'ALLOW' };
}
