import { asList, asObject } from './json-shape.ts';
import { compileStatement, type Statement } from './policy-statement.ts';
import type { Report } from './policy-text.ts';

/** One IAM policy document, compiled for one user at load: nothing is parsed while a request waits. */
export type Policy = {
  readonly allows: readonly Statement[];
  readonly denies: readonly Statement[];
};

const members = ['Version', 'Id', 'Statement'];
const currentVersion = '2012-10-17';
const versions = [currentVersion, '2008-10-17'];

/** Compiles an IAM policy document for a user; what it can't honour is reported, and the result is then void. */
export function compilePolicy(document: unknown, user: string, where: string, report: Report): Policy {
  const none: Policy = { allows: [], denies: [] };
  const policy = asObject(document, members, where, report);
  if (policy === undefined) return none;
  const version = policy['Version'] ?? '2008-10-17';
  if (!versions.some((known) => known === version)) {
    report(`${where}.Version`, `must be one of ${versions.join(', ')}`);
  }
  if (policy['Statement'] === undefined) {
    report(where, 'has no Statement');
    return none;
  }
  const scope = { user, hasVariables: version === currentVersion };
  const statements = asList(policy['Statement']).flatMap((statement, i) => {
    const compiled = compileStatement(statement, scope, `${where}.Statement[${i}]`, report);
    return compiled === undefined ? [] : [compiled];
  });
  const withEffect = (effect: string) =>
    statements.filter((statement) => statement.effect === effect).map((statement) => statement.applies);
  return { allows: withEffect('Allow'), denies: withEffect('Deny') };
}
