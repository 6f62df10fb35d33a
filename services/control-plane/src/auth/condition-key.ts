import type { PolicyContext } from './policy-context.ts';

/** Reads the values that a call has for a condition key; none when the key is missing. */
export type ConditionKey = (context: PolicyContext) => readonly string[];

const requestTag = 'aws:requesttag/';
const resourceTag = 'aws:resourcetag/';
const none: readonly string[] = [];

/** The reader of a condition key, whose name is compared without regard to case; undefined when it isn't supported. */
export function conditionKey(name: string, user: string): ConditionKey | undefined {
  const lower = name.toLowerCase();
  if (lower === 'aws:username') {
    const values = [user];
    return () => values;
  }
  if (lower === 'aws:tagkeys') return (context) => context.tagKeys ?? none;
  if (lower.startsWith(requestTag) && lower.length > requestTag.length) {
    const tag = name.slice(requestTag.length);
    return (context) => tagValues(context.requestTags, tag);
  }
  if (lower.startsWith(resourceTag) && lower.length > resourceTag.length) {
    const tag = name.slice(resourceTag.length);
    return (context) => tagValues(context.resourceTags, tag);
  }
  return undefined;
}

/** IAM finds a tag also when its key differs in case; the exact one counts where there is one. */
function tagValues(tags: Readonly<Record<string, string>> | undefined, key: string): readonly string[] {
  if (tags === undefined) return none;
  const lower = key.toLowerCase();
  const found: string[] = [];
  for (const [candidate, value] of Object.entries(tags)) {
    if (candidate === key) return [value];
    if (candidate.toLowerCase() === lower) found.push(value);
  }
  return found;
}
