import { anyOne, anyRun, compileGlob, type Glob, type TextTest } from './glob.ts';
import { asObject, asTexts, type Members } from './json-shape.ts';
import { compileConditions } from './policy-condition.ts';
import type { PolicyContext } from './policy-context.ts';
import { type PolicyScope, type Report, readPolicyText } from './policy-text.ts';

/** Whether a statement speaks about a call. */
export type Statement = (context: PolicyContext) => boolean;

const members = ['Sid', 'Effect', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition'];

/** Compiles one statement; undefined when it is void, which has been reported. */
export function compileStatement(
  value: unknown,
  scope: PolicyScope,
  where: string,
  report: Report,
): { readonly effect: 'Allow' | 'Deny'; readonly applies: Statement } | undefined {
  const statement = asObject(value, members, where, report);
  if (statement === undefined) return undefined;
  if (statement['Sid'] !== undefined && typeof statement['Sid'] !== 'string') {
    report(`${where}.Sid`, 'must be a text');
  }
  const effect = statement['Effect'];
  if (effect !== 'Allow' && effect !== 'Deny') report(`${where}.Effect`, 'must be Allow or Deny');
  const action = compileElement(statement, 'Action', compileAction, where, report);
  const compileArn = (text: string, at: string) => compileResource(text, scope, at, report);
  const resource = compileElement(statement, 'Resource', compileArn, where, report);
  const conditions = compileConditions(statement['Condition'], scope, `${where}.Condition`, report);
  if (action === undefined || resource === undefined) return undefined;
  if (effect !== 'Allow' && effect !== 'Deny') return undefined;
  const applies = (context: PolicyContext) =>
    action(context.action.toLowerCase()) &&
    resource(context.resource) &&
    conditions.every((holds) => holds(context));
  return { effect, applies };
}

/** `Action` or `NotAction` (`Resource` or `NotResource`): exactly one of the two. */
function compileElement(
  statement: Members,
  name: string,
  compile: (text: string, where: string, report: Report) => TextTest | undefined,
  where: string,
  report: Report,
): TextTest | undefined {
  const inverse = `Not${name}`;
  const isInverse = statement[inverse] !== undefined;
  if (isInverse === (statement[name] !== undefined)) {
    report(where, `must have exactly one of ${name} and ${inverse}`);
    return undefined;
  }
  const element = isInverse ? inverse : name;
  const texts = asTexts(statement[element], `${where}.${element}`, report);
  const tests = (texts ?? []).map((text) => compile(text, `${where}.${element}`, report));
  const matches = (text: string) => tests.some((test) => test?.(text) === true);
  return isInverse ? (text) => !matches(text) : matches;
}

const actionPattern = /^(?:\*|[a-z0-9*?-]+:[a-z0-9*?]+)$/;

/** Actions are compared without regard to case; those of other services match nothing here. */
function compileAction(text: string, where: string, report: Report): TextTest | undefined {
  const action = text.toLowerCase();
  if (!actionPattern.test(action)) {
    report(where, `${JSON.stringify(text)} is not an action such as ivschat:CreateRoom`);
    return undefined;
  }
  return compileGlob(Array.from(action, (one) => (one === '*' ? anyRun : one === '?' ? anyOne : one)));
}

const arnPattern = /^(?:\*|arn:[^:]+:[^:]+:[^:]*:[^:]*:.+)$/s;

function compileResource(
  text: string,
  scope: PolicyScope,
  where: string,
  report: Report,
): TextTest | undefined {
  const glob = readPolicyText(text, true, scope, where, report);
  if (glob === undefined) return undefined;
  if (!arnPattern.test(flat(glob))) {
    report(where, `${JSON.stringify(text)} is neither an ARN of six parts nor *`);
    return undefined;
  }
  return compileGlob(glob);
}

function flat(glob: Glob): string {
  return glob.map((piece) => (typeof piece === 'string' ? piece : '*')).join('');
}
