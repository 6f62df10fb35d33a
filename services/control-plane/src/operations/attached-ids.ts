import { referredId } from '../access.ts';
import type { Call } from '../call.ts';

/** Ids of the logging configurations that a request attaches to a room, each once. Throws AccessDenied for foreign ones. */
export function attachedIds(call: Call, arns: readonly string[]): readonly string[] {
  return [...new Set(arns.map((arn) => referredId(call, arn)))];
}
