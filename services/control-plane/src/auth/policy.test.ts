// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of IAM are written so
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Caller } from './access-key.ts';
import { authorize } from './authorize.ts';
import { compilePolicy } from './policy.ts';
import type { PolicyContext } from './policy-context.ts';

const room = 'arn:aws:ivschat:us-west-2:123456789012:room/AbCdEf123456';
const other = 'arn:aws:ivschat:us-west-2:123456789012:room/ZzZzZz999999';

function caller(...documents: unknown[]): Caller {
  const faults: string[] = [];
  const report = (where: string, what: string) => faults.push(`${where}: ${what}`);
  const policies = documents.map((document) => compilePolicy(document, 'alice', 'policy', report));
  assert.deepEqual(faults, []);
  return { account: '123456789012', user: 'alice', accessKeyId: 'AKID', policies };
}

function context(change: Partial<PolicyContext> = {}): PolicyContext {
  return {
    action: 'ivschat:GetRoom',
    resource: room,
    requestTags: undefined,
    resourceTags: undefined,
    tagKeys: undefined,
    ...change,
  };
}

type Statement = Record<string, unknown>;

function policy(...statements: Statement[]) {
  return { Version: '2012-10-17', Statement: statements };
}

const allowAll = { Effect: 'Allow', Action: '*', Resource: '*' };

function allows(statement: Statement, change: Partial<PolicyContext> = {}): boolean {
  return authorize(caller(policy({ ...allowAll, ...statement })), context(change));
}

test('a user without policies, or with none that speaks of the call, is denied', () => {
  assert.equal(authorize(caller(), context()), false);
  assert.equal(authorize(caller(policy()), context()), false);
  assert.equal(allows({ Action: 'ivschat:ListRooms' }), false);
});

test('an explicit Deny wins over any Allow, in whichever policy and order they stand', () => {
  const deny = { Effect: 'Deny', Action: 'ivschat:Get*', Resource: '*' };
  for (const documents of [
    [policy(allowAll, deny)],
    [policy(deny, allowAll)],
    [policy(allowAll), policy(deny)],
    [policy(deny), policy(allowAll)],
  ]) {
    assert.equal(authorize(caller(...documents), context()), false);
    assert.equal(authorize(caller(...documents), context({ action: 'ivschat:ListRooms' })), true);
  }
});

const actions: [unknown, boolean][] = [
  ['*', true],
  ['ivschat:*', true],
  ['ivschat:GetRoom', true],
  ['IVSCHAT:getroom', true],
  ['ivschat:Get????', true],
  ['ivs*:Get*', true],
  ['*:*', true],
  [['s3:*', 'ivschat:GetRoom'], true],
  ['ivschat:Get???', false],
  ['s3:*', false],
  ['ivschat:GetRoomX', false],
];
for (const [action, expected] of actions) {
  test(`the Action ${JSON.stringify(action)} ${expected ? 'covers' : "doesn't cover"} ivschat:GetRoom, its NotAction the opposite`, () => {
    assert.equal(allows({ Action: action }), expected);
    assert.equal(allows({ Action: undefined, NotAction: action }), !expected);
  });
}

const resources: [unknown, string, boolean][] = [
  ['*', room, true],
  ['*', '*', true],
  [room, room, true],
  [room, other, false],
  [[other, room], room, true],
  ['arn:aws:ivschat:*:*:room/*', room, true],
  ['arn:aws:ivschat:us-west-2:123456789012:room/AbCdEf12345?', room, true],
  ['arn:aws:ivschat:us-west-2:123456789012:room/abcdef123456', room, false],
  ['arn:aws:ivschat:us-west-2:123456789012:logging-configuration/*', room, false],
  ['arn:aws:ivschat:*:*:room/*', '*', false],
];
for (const [resource, asked, expected] of resources) {
  test(`the Resource ${JSON.stringify(resource)} ${expected ? 'covers' : "doesn't cover"} ${asked}, its NotResource the opposite`, () => {
    assert.equal(allows({ Resource: resource }, { resource: asked }), expected);
    assert.equal(allows({ Resource: undefined, NotResource: resource }, { resource: asked }), !expected);
  });
}

const tagged = (tags: Record<string, string>) => ({ resourceTags: tags });
const requested = (tags: Record<string, string>) => ({ requestTags: tags, tagKeys: Object.keys(tags) });
// "you can grant an IAM user permission to access a resource only if it is tagged with the user's IAM username" (guide)
test('a user may use the rooms that are tagged with his name, and no others', () => {
  const owned = { Condition: { StringEquals: { 'aws:ResourceTag/Owner': '${aws:username}' } } };
  assert.equal(allows(owned, tagged({ Owner: 'alice' })), true);
  assert.equal(allows(owned, tagged({ Owner: 'bob' })), false);
  assert.equal(allows(owned, tagged({ Owner: '${aws:username}' })), false);
  assert.equal(allows(owned), false);
});

// "use the aws:ResourceTag/key-name, aws:RequestTag/key-name, or aws:TagKeys condition keys" (guide)
test('a user may create rooms with the required tag and with no tag keys but the listed ones', () => {
  const statement = {
    Action: ['ivschat:CreateRoom', 'ivschat:TagResource'],
    Condition: {
      StringEquals: { 'aws:RequestTag/environment': ['preprod', 'production'] },
      'ForAllValues:StringEquals': { 'aws:TagKeys': ['environment', 'team'] },
    },
  };
  const create = (tags: Record<string, string>) =>
    allows(statement, { action: 'ivschat:CreateRoom', ...requested(tags) });
  assert.equal(create({ environment: 'preprod' }), true);
  assert.equal(create({ environment: 'production', team: 'red' }), true);
  assert.equal(create({ environment: 'test' }), false);
  assert.equal(create({ environment: 'preprod', cost: '1' }), false);
  assert.equal(create({}), false);
});

// The guide's policy for the console: actions of other services are accepted and mean nothing.
test('the console policy of the guide allows every chat operation', () => {
  const console = policy(
    { Action: 'ivschat:*', Effect: 'Allow', Resource: '*' },
    { Action: ['servicequotas:ListServiceQuotas'], Effect: 'Allow', Resource: '*' },
    { Action: ['cloudwatch:GetMetricData'], Effect: 'Allow', Resource: '*' },
    { Action: ['lambda:AddPermission', 'lambda:ListFunctions'], Effect: 'Allow', Resource: '*' },
  );
  assert.equal(authorize(caller(console), context()), true);
});

test('variables are text in a policy without version, or of 2008-10-17', () => {
  const statement = {
    ...allowAll,
    Condition: { StringEquals: { 'aws:ResourceTag/Owner': '${aws:username}' } },
  };
  for (const document of [{ Statement: statement }, { Version: '2008-10-17', Statement: statement }]) {
    assert.equal(authorize(caller(document), context(tagged({ Owner: 'alice' }))), false);
    assert.equal(authorize(caller(document), context(tagged({ Owner: '${aws:username}' }))), true);
  }
});

test('the user’s name is a variable of resources too', () => {
  const statement = { Resource: 'arn:aws:ivschat:*:*:room/${AWS:UserName}-*' };
  assert.equal(allows(statement, { resource: 'arn:aws:ivschat:us-west-2:1:room/alice-1' }), true);
  assert.equal(allows(statement, { resource: 'arn:aws:ivschat:us-west-2:1:room/bob-1' }), false);
});

const broken: [unknown, string][] = [
  ['text', 'policy: must be an object'],
  [{ Version: '2020-01-01', Statement: [] }, 'policy.Version: must be one of 2012-10-17, 2008-10-17'],
  [{ Version: '2012-10-17' }, 'policy: has no Statement'],
  [{ Statement: [], Principal: '*' }, 'policy: the member "Principal" is not supported'],
  [policy({ ...allowAll, Principal: '*' }), 'policy.Statement[0]: the member "Principal" is not supported'],
  [
    policy({ ...allowAll, NotPrincipal: '*' }),
    'policy.Statement[0]: the member "NotPrincipal" is not supported',
  ],
  [policy({ ...allowAll, Effect: 'allow' }), 'policy.Statement[0].Effect: must be Allow or Deny'],
  [policy({ ...allowAll, Sid: 1 }), 'policy.Statement[0].Sid: must be a text'],
  [
    policy({ ...allowAll, NotAction: '*' }),
    'policy.Statement[0]: must have exactly one of Action and NotAction',
  ],
  [
    policy({ Effect: 'Allow', Action: '*' }),
    'policy.Statement[0]: must have exactly one of Resource and NotResource',
  ],
  [
    policy(allowAll, { ...allowAll, Action: [] }),
    'policy.Statement[1].Action: must be a text or a list of at least one text',
  ],
  [
    policy({ ...allowAll, Action: 'GetRoom' }),
    'policy.Statement[0].Action: "GetRoom" is not an action such as ivschat:CreateRoom',
  ],
  [
    policy({ ...allowAll, Resource: 'room/*' }),
    'policy.Statement[0].Resource: "room/*" is neither an ARN of six parts nor *',
  ],
  [
    policy({ ...allowAll, Resource: 'arn:aws:ivschat:*:*:${aws:userid}' }),
    'policy.Statement[0].Resource: the variable ${aws:userid} is not supported; ${aws:username} is',
  ],
];
for (const [document, fault] of broken) {
  test(`a policy is refused: ${fault}`, () => {
    const faults: string[] = [];
    compilePolicy(document, 'alice', 'policy', (where, what) => faults.push(`${where}: ${what}`));
    assert.deepEqual(faults, [fault]);
  });
}
