import { openTagged } from '../access.ts';
import type { Call } from '../call.ts';
import { fieldError } from '../errors.ts';
import { scalars } from '../model/scalars.ts';
import type { Input, Output } from '../model/shapes.ts';
import { changeTags } from './change-tags.ts';

/** Adds tags to a room or logging configuration, or gives present ones new values. */
export async function tagResource(call: Call, input: Input<'TagResource'>): Promise<Output<'TagResource'>> {
  const tagged = await openTagged(call, input.resourceArn, { tags: input.tags });
  await changeTags(call, tagged, (tags) => {
    const next = { ...tags, ...input.tags };
    const count = Object.keys(next).length;
    if (count > scalars.Tags.max) {
      throw fieldError(
        'tags',
        `would give the resource ${count} tags, it may have at most ${scalars.Tags.max}`,
      );
    }
    return next;
  });
  return {};
}
