import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCredentialsFile } from './credentials-file.ts';

const plain = { accessKeyId: 'AKID1', secretAccessKey: 'hidden-secret' };

function file(users: unknown, account = '123456789012'): string {
  return JSON.stringify({ accounts: { [account]: { users } } });
}

function faults(text: string): readonly string[] {
  const result = readCredentialsFile(text);
  return result.kind === 'refused' ? result.faults : [];
}

test('several accounts, users and keys are found by their access key ids', () => {
  const temporary = {
    accessKeyId: 'ASIA2',
    secretAccessKey: 's2',
    sessionToken: 't',
    expires: '2026-07-31T12:00:00Z',
  };
  const content = {
    accounts: {
      '111111111111': { users: { alice: { accessKeys: [plain, temporary] }, bob: {} } },
      '222222222222': {
        users: { alice: { accessKeys: [{ ...plain, accessKeyId: 'AKID3' }], policies: [] } },
      },
    },
  };
  const result = readCredentialsFile(JSON.stringify(content));
  assert.equal(result.kind, 'read');
  if (result.kind !== 'read') return;
  assert.deepEqual([...result.accessKeys.keys()], ['AKID1', 'ASIA2', 'AKID3']);
  assert.equal(result.accessKeys.get('AKID3')?.caller.account, '222222222222');
  assert.deepEqual(result.accessKeys.get('ASIA2'), {
    secretAccessKey: 's2',
    sessionToken: 't',
    expiresMs: Date.UTC(2026, 6, 31, 12),
    caller: { account: '111111111111', user: 'alice', accessKeyId: 'ASIA2', policies: [] },
  });
});

const broken: [string, string, string][] = [
  ['text that is no JSON', '{"accounts":\n hidden-secret', 'the file: is not valid JSON'],
  ['an empty file', '', 'the file: is not valid JSON'],
  ['a list', '[]', 'the file: must be an object'],
  ['no accounts', '{}', 'accounts: must be an object'],
  ['an unknown member', '{"accounts":{},"account":{}}', 'the file: the member "account" is not supported'],
  ['an account that is none', file({}, '12345'), 'accounts.12345: an account must be twelve digits'],
  [
    'a member twice',
    '{"accounts":{},"accounts":{}}',
    'the file: has the member "accounts" twice in one object',
  ],
  [
    'a wildcard in a user name',
    file({ '*': {} }),
    'accounts.123456789012.users.*: a user name must be 1 to 64 characters of A-Z a-z 0-9 _+=,.@-',
  ],
  [
    'a misspelt member of a user',
    file({ a: { policy: [] } }),
    'accounts.123456789012.users.a: the member "policy" is not supported',
  ],
  [
    'policies that are no list',
    file({ a: { policies: {} } }),
    'accounts.123456789012.users.a.policies: must be a list',
  ],
  [
    'an access key without secret',
    file({ a: { accessKeys: [{ accessKeyId: 'AKID1' }] } }),
    'accounts.123456789012.users.a.accessKeys[0].secretAccessKey: must be a text that is not empty',
  ],
  [
    'an access key id with a slash',
    file({ a: { accessKeys: [{ ...plain, accessKeyId: 'a/b' }] } }),
    'accounts.123456789012.users.a.accessKeys[0].accessKeyId: must be 1 to 128 characters of A-Z a-z 0-9 _.-',
  ],
  [
    'an access key id of two users',
    file({ a: { accessKeys: [plain] }, b: { accessKeys: [plain] } }),
    'accounts.123456789012.users.b.accessKeys[0].accessKeyId: is another key’s too',
  ],
  [
    'a session token that is empty',
    file({ a: { accessKeys: [{ ...plain, sessionToken: '' }] } }),
    'accounts.123456789012.users.a.accessKeys[0].sessionToken: must be a text that is not empty',
  ],
  [
    'an expiry without time zone',
    file({ a: { accessKeys: [{ ...plain, expires: '2026-07-31T12:00:00' }] } }),
    'accounts.123456789012.users.a.accessKeys[0].expires: must be a time such as 2026-01-31T23:59:59Z',
  ],
];
for (const [what, text, fault] of broken) {
  test(`${what} is refused by name and without secrets`, () => {
    const found = faults(text);
    assert.equal(found.length, 1);
    assert.ok(found[0]?.startsWith(fault), found[0]);
    assert.ok(!found[0]?.includes('hidden'));
  });
}

test('every fault of a file is named at once', () => {
  assert.equal(faults(file({ '?': { policies: [{}], accessKeys: [{}] } })).length, 3);
});
