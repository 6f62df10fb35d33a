import { openTagged } from '../access.ts';
import type { Call } from '../call.ts';
import type { Input, Output } from '../model/shapes.ts';
import { changeTags } from './change-tags.ts';

/** Removes tags from a room or logging configuration; keys that it doesn't have change nothing. */
export async function untagResource(
  call: Call,
  input: Input<'UntagResource'>,
): Promise<Output<'UntagResource'>> {
  const tagged = await openTagged(call, input.resourceArn, { removed: input.tagKeys });
  const removed = new Set(input.tagKeys);
  await changeTags(call, tagged, (tags) =>
    Object.fromEntries(Object.entries(tags).filter(([key]) => !removed.has(key))),
  );
  return {};
}
