import { openTagged } from '../access.ts';
import type { Call } from '../call.ts';
import type { Input, Output } from '../model/shapes.ts';

/** Shows the tags of a room or logging configuration. */
export async function listTagsForResource(
  call: Call,
  input: Input<'ListTagsForResource'>,
): Promise<Output<'ListTagsForResource'>> {
  const tagged = await openTagged(call, input.resourceArn);
  return { tags: tagged.kind === 'room' ? tagged.room.tags : tagged.configuration.tags };
}
