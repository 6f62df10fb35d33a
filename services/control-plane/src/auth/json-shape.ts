import type { Report } from './policy-text.ts';

/** The members of a JSON object. */
export type Members = Readonly<Record<string, unknown>>;

/** `value` as an object with no members but `known` (any, when undefined); else undefined, and reported. */
export function asObject(
  value: unknown,
  known: readonly string[] | undefined,
  where: string,
  report: Report,
): Members | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    report(where, 'must be an object');
    return undefined;
  }
  const unknown = known === undefined ? [] : Object.keys(value).filter((name) => !known.includes(name));
  for (const name of unknown) report(where, `the member ${JSON.stringify(name)} is not supported`);
  return unknown.length === 0 ? (value as Members) : undefined;
}

/** `value` as a list; else an empty one, and reported. */
export function asArray(value: unknown, where: string, report: Report): readonly unknown[] {
  if (Array.isArray(value)) return value;
  report(where, 'must be a list');
  return [];
}

/** `value` as a list; a single value is a list of one where IAM lets it be. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** `value` as a list of at least one text, or a single text; else undefined, and reported. */
export function asTexts(value: unknown, where: string, report: Report): readonly string[] | undefined {
  const texts = asList(value);
  if (texts.length > 0 && texts.every((text) => typeof text === 'string')) return texts;
  report(where, 'must be a text or a list of at least one text');
  return undefined;
}
