import { type ConditionKey, conditionKey } from './condition-key.ts';
import { compileGlob, type TextTest } from './glob.ts';
import { asList, asObject, asTexts } from './json-shape.ts';
import type { PolicyContext } from './policy-context.ts';
import { type PolicyScope, type Report, readPolicyText } from './policy-text.ts';

/** Whether a call fulfils one condition. */
export type Condition = (context: PolicyContext) => boolean;

type Comparison = {
  readonly isNegated: boolean;
  readonly hasWildcards: boolean;
  readonly ignoresCase: boolean;
};

const comparisons: Readonly<Record<string, Comparison>> = {
  StringEquals: { isNegated: false, hasWildcards: false, ignoresCase: false },
  StringNotEquals: { isNegated: true, hasWildcards: false, ignoresCase: false },
  StringEqualsIgnoreCase: { isNegated: false, hasWildcards: false, ignoresCase: true },
  StringNotEqualsIgnoreCase: { isNegated: true, hasWildcards: false, ignoresCase: true },
  StringLike: { isNegated: false, hasWildcards: true, ignoresCase: false },
  StringNotLike: { isNegated: true, hasWildcards: true, ignoresCase: false },
};

/** A condition operator, taken apart. */
type Operator = {
  readonly comparison: Comparison;
  readonly quantifier: 'ForAllValues' | 'ForAnyValue' | undefined;
  readonly ifExists: boolean;
};

/** Compiles the Condition element: all of its conditions must hold. What isn't supported is reported. */
export function compileConditions(
  value: unknown,
  scope: PolicyScope,
  where: string,
  report: Report,
): readonly Condition[] {
  if (value === undefined) return [];
  const operators = asObject(value, undefined, where, report) ?? {};
  return Object.entries(operators).flatMap(([name, block]) =>
    compileOperator(name, block, scope, `${where}.${name}`, report),
  );
}

function compileOperator(
  name: string,
  block: unknown,
  scope: PolicyScope,
  where: string,
  report: Report,
): readonly Condition[] {
  const operator = parseOperator(name);
  if (operator === undefined) {
    report(where, 'this condition operator is not supported');
    return [];
  }
  const keys = asObject(block, undefined, where, report) ?? {};
  return Object.entries(keys).flatMap(([keyName, values]) => {
    const at = `${where}.${keyName}`;
    const key = conditionKey(keyName, scope.user);
    if (key === undefined) {
      report(at, 'this condition key is not supported');
      return [];
    }
    return operator === 'Null'
      ? compileNull(key, values, at, report)
      : [compileComparison(operator, key, compileTests(operator.comparison, values, scope, at, report))];
  });
}

function parseOperator(name: string): Operator | 'Null' | undefined {
  if (name === 'Null') return name;
  const match = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/.exec(name);
  const comparison = Object.hasOwn(comparisons, match?.[2] ?? '') ? comparisons[match?.[2] ?? ''] : undefined;
  if (match === null || comparison === undefined) return undefined;
  const quantifier = match[1] as Operator['quantifier'];
  return { comparison, quantifier, ifExists: match[3] !== undefined };
}

/** `Null` with "true": the key is missing; with "false": it is there. */
function compileNull(
  key: ConditionKey,
  values: unknown,
  where: string,
  report: Report,
): readonly Condition[] {
  const wanted = asList(values).map(String);
  if (wanted.length === 0 || !wanted.every((text) => text === 'true' || text === 'false')) {
    report(where, 'must be true or false');
    return [];
  }
  const holdsFor = (isMissing: boolean) => wanted.some((text) => text === String(isMissing));
  return [(context) => holdsFor(key(context).length === 0)];
}

function compileTests(
  comparison: Comparison,
  values: unknown,
  scope: PolicyScope,
  where: string,
  report: Report,
): readonly TextTest[] {
  return (asTexts(values, where, report) ?? []).flatMap((text) => {
    const glob = readPolicyText(text, comparison.hasWildcards, scope, where, report);
    if (glob === undefined) return [];
    if (!comparison.ignoresCase) return [compileGlob(glob)];
    const expected = glob.join('').toLowerCase();
    return [(candidate: string) => candidate.toLowerCase() === expected];
  });
}

/**
 * One comparison as IAM documents it: a negated operator holds when no value matches, so also when the key is missing;
 * ForAllValues holds for a missing key, ForAnyValue doesn't; IfExists holds for a missing key.
 */
function compileComparison(operator: Operator, key: ConditionKey, tests: readonly TextTest[]): Condition {
  const { isNegated } = operator.comparison;
  const isAccepted = (value: string) => tests.some((test) => test(value)) !== isNegated;
  const needsAll = operator.quantifier === 'ForAllValues' || (operator.quantifier === undefined && isNegated);
  return (context) => {
    const values = key(context);
    if (values.length === 0 && operator.ifExists) return true;
    return needsAll ? values.every(isAccepted) : values.some(isAccepted);
  };
}
