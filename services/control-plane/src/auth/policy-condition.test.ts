// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of IAM are written so
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileConditions } from './policy-condition.ts';
import type { PolicyContext } from './policy-context.ts';

function compile(condition: unknown) {
  const faults: string[] = [];
  const report = (where: string, what: string) => faults.push(`${where}: ${what}`);
  const scope = { user: 'alice', hasVariables: true };
  return { conditions: compileConditions(condition, scope, 'Condition', report), faults };
}

const tagged = (tags: Record<string, string>) => ({ resourceTags: tags });
const requested = (tags: Record<string, string>) => ({ requestTags: tags, tagKeys: Object.keys(tags) });
const byTag = (operator: string, values: unknown) => ({ [operator]: { 'aws:ResourceTag/team': values } });
const byKeys = (operator: string, values: unknown) => ({ [operator]: { 'aws:TagKeys': values } });

const conditions: [string, unknown, Partial<PolicyContext>, boolean][] = [
  ['StringEquals matches', byTag('StringEquals', 'red'), tagged({ team: 'red' }), true],
  ['StringEquals differs', byTag('StringEquals', 'red'), tagged({ team: 'Red' }), false],
  ['StringEquals of several', byTag('StringEquals', ['blue', 'red']), tagged({ team: 'red' }), true],
  ['StringEquals has no wildcards', byTag('StringEquals', 'r*'), tagged({ team: 'red' }), false],
  ['StringEquals without the key', byTag('StringEquals', 'red'), tagged({}), false],
  ['StringEqualsIfExists without the key', byTag('StringEqualsIfExists', 'red'), tagged({}), true],
  ['StringEqualsIfExists differs', byTag('StringEqualsIfExists', 'red'), tagged({ team: 'blue' }), false],
  ['StringNotEquals differs', byTag('StringNotEquals', 'red'), tagged({ team: 'blue' }), true],
  [
    'StringNotEquals matches one of several',
    byTag('StringNotEquals', ['blue', 'red']),
    tagged({ team: 'red' }),
    false,
  ],
  ['StringNotEquals without the key', byTag('StringNotEquals', 'red'), tagged({}), true],
  ['StringNotEquals without any tags', byTag('StringNotEquals', 'red'), {}, true],
  ['StringEqualsIgnoreCase', byTag('StringEqualsIgnoreCase', 'ReD'), tagged({ team: 'rEd' }), true],
  ['StringNotEqualsIgnoreCase', byTag('StringNotEqualsIgnoreCase', 'ReD'), tagged({ team: 'rEd' }), false],
  ['StringLike matches', byTag('StringLike', 'r?d*'), tagged({ team: 'red team' }), true],
  ['StringLike differs', byTag('StringLike', 'r?d'), tagged({ team: 'red team' }), false],
  ['StringLike without the key', byTag('StringLike', '*'), tagged({}), false],
  ['StringNotLike differs', byTag('StringNotLike', 'b*'), tagged({ team: 'red' }), true],
  ['StringNotLike matches', byTag('StringNotLike', 'r*'), tagged({ team: 'red' }), false],
  ['StringNotLike without the key', byTag('StringNotLike', '*'), tagged({}), true],
  [
    'StringLike takes escaped wildcards as plain',
    byTag('StringLike', 'r${*}d${?}${$}'),
    tagged({ team: 'r*d?$' }),
    true,
  ],
  [
    'StringLike with escaped wildcards is no wildcard',
    byTag('StringLike', 'r${*}d'),
    tagged({ team: 'reed' }),
    false,
  ],
  ['Null true without the key', byTag('Null', 'true'), tagged({}), true],
  ['Null true with the key', byTag('Null', true), tagged({ team: '' }), false],
  ['Null false with the key', byTag('Null', 'false'), tagged({ team: 'red' }), true],
  ['Null false without the key', byTag('Null', false), {}, false],
  ['the tag’s key in another case', byTag('StringEquals', 'red'), tagged({ Team: 'red' }), true],
  [
    'the tag’s exact key counts before another case',
    byTag('StringEquals', 'red'),
    tagged({ Team: 'red', team: 'blue' }),
    false,
  ],
  [
    'the condition key in another case',
    { StringEquals: { 'AWS:resourcetag/team': 'red' } },
    tagged({ team: 'red' }),
    true,
  ],
  ['a request tag is not a resource tag', byTag('StringEquals', 'red'), requested({ team: 'red' }), false],
  ['aws:RequestTag', { StringEquals: { 'aws:RequestTag/env': 'dev' } }, requested({ env: 'dev' }), true],
  ['aws:username', { StringEquals: { 'aws:username': ['bob', 'alice'] } }, {}, true],
  ['aws:username of somebody else', { StringLike: { 'aws:username': 'bob*' } }, {}, false],
  [
    'ForAllValues:StringEquals, all allowed',
    byKeys('ForAllValues:StringEquals', ['env', 'team']),
    requested({ env: '1' }),
    true,
  ],
  [
    'ForAllValues:StringEquals, one not allowed',
    byKeys('ForAllValues:StringEquals', ['env', 'team']),
    requested({ env: '1', x: '' }),
    false,
  ],
  [
    'ForAllValues:StringEquals without keys',
    byKeys('ForAllValues:StringEquals', ['env']),
    requested({}),
    true,
  ],
  [
    'ForAllValues:StringEquals of an operation without tags',
    byKeys('ForAllValues:StringEquals', ['env']),
    {},
    true,
  ],
  [
    'ForAllValues:StringLike',
    byKeys('ForAllValues:StringLike', 'app-*'),
    requested({ 'app-a': '1', 'app-b': '2' }),
    true,
  ],
  [
    'ForAllValues:StringNotEquals, none matches',
    byKeys('ForAllValues:StringNotEquals', ['a', 'b']),
    requested({ c: '' }),
    true,
  ],
  [
    'ForAllValues:StringNotEquals, one matches',
    byKeys('ForAllValues:StringNotEquals', ['a', 'b']),
    requested({ c: '', a: '' }),
    false,
  ],
  [
    'ForAnyValue:StringEquals, one matches',
    byKeys('ForAnyValue:StringEquals', ['env', 'team']),
    requested({ x: '', team: '' }),
    true,
  ],
  [
    'ForAnyValue:StringEquals, none matches',
    byKeys('ForAnyValue:StringEquals', ['env', 'team']),
    requested({ x: '' }),
    false,
  ],
  [
    'ForAnyValue:StringEquals without keys',
    byKeys('ForAnyValue:StringEquals', ['env']),
    requested({}),
    false,
  ],
  [
    'ForAnyValue:StringNotEquals, one differs',
    byKeys('ForAnyValue:StringNotEquals', ['env']),
    requested({ env: '', x: '' }),
    true,
  ],
  ['ForAnyValue:StringNotEquals without keys', byKeys('ForAnyValue:StringNotEquals', ['env']), {}, false],
  [
    'ForAnyValue:StringEqualsIfExists without keys',
    byKeys('ForAnyValue:StringEqualsIfExists', ['env']),
    {},
    true,
  ],
  [
    'ForAllValues:StringEqualsIfExists, one not allowed',
    byKeys('ForAllValues:StringEqualsIfExists', ['env']),
    requested({ x: '' }),
    false,
  ],
  [
    'two operators, one fails',
    { ...byTag('StringEquals', 'red'), ...byKeys('Null', 'false') },
    tagged({ team: 'red' }),
    false,
  ],
  [
    'two keys of an operator, one fails',
    { StringEquals: { 'aws:ResourceTag/team': 'red', 'aws:ResourceTag/env': 'dev' } },
    tagged({ team: 'red' }),
    false,
  ],
];

for (const [name, condition, change, expected] of conditions) {
  test(`the condition ${expected ? 'holds' : 'fails'}: ${name}`, () => {
    const { conditions, faults } = compile(condition);
    assert.deepEqual(faults, []);
    const none = { requestTags: undefined, resourceTags: undefined, tagKeys: undefined };
    const context: PolicyContext = { action: 'ivschat:GetRoom', resource: '*', ...none, ...change };
    assert.equal(
      conditions.every((holds) => holds(context)),
      expected,
    );
  });
}

const broken: [unknown, string][] = [
  [
    { NumericEquals: { 'aws:TagKeys': '1' } },
    'Condition.NumericEquals: this condition operator is not supported',
  ],
  [
    { NullIfExists: { 'aws:TagKeys': 'true' } },
    'Condition.NullIfExists: this condition operator is not supported',
  ],
  [
    { constructor: { 'aws:TagKeys': 'true' } },
    'Condition.constructor: this condition operator is not supported',
  ],
  [
    { StringEquals: { 'aws:SourceIp': '10.0.0.1' } },
    'Condition.StringEquals.aws:SourceIp: this condition key is not supported',
  ],
  [
    { StringEquals: { 'aws:RequestTag/': 'x' } },
    'Condition.StringEquals.aws:RequestTag/: this condition key is not supported',
  ],
  [
    { StringEquals: { 'aws:TagKeys': [] } },
    'Condition.StringEquals.aws:TagKeys: must be a text or a list of at least one text',
  ],
  [{ Null: { 'aws:TagKeys': 'yes' } }, 'Condition.Null.aws:TagKeys: must be true or false'],
  [
    { StringLike: { 'aws:username': '${aws:username' } },
    'Condition.StringLike.aws:username: the variable ${aws:username is not supported; ${aws:username} is',
  ],
  ['x', 'Condition: must be an object'],
];
for (const [condition, fault] of broken) {
  test(`a condition is refused: ${fault}`, () => {
    assert.deepEqual(compile(condition).faults, [fault]);
  });
}
