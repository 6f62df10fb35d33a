import type { AccessKey } from './access-key.ts';
import { duplicateMember } from './duplicate-member.ts';
import { asArray, asObject, type Members } from './json-shape.ts';
import { compilePolicy } from './policy.ts';
import type { Report } from './policy-text.ts';

/** What a credentials file says, by access key id; or everything that is wrong with it, without secrets. */
export type CredentialsFile =
  | { readonly kind: 'read'; readonly accessKeys: ReadonlyMap<string, AccessKey> }
  | { readonly kind: 'refused'; readonly faults: readonly string[] };

/**
 * Reads a credentials file. It is refused whole when anything in it isn't understood: a policy of which a part is
 * passed over would allow what it forbids.
 */
export function readCredentialsFile(text: string): CredentialsFile {
  const faults: string[] = [];
  const report: Report = (where, what) => faults.push(`${where}: ${what}`);
  const accessKeys = new Map<string, AccessKey>();
  const content = parseJson(text, report);
  if (faults.length === 0) readAccounts(content, accessKeys, report);
  return faults.length === 0 ? { kind: 'read', accessKeys } : { kind: 'refused', faults };
}

/** The parser's own message is not passed on: it quotes the text, which is full of secrets. */
function parseJson(text: string, report: Report): unknown {
  try {
    const content: unknown = JSON.parse(text);
    const twice = duplicateMember(text);
    if (twice !== undefined)
      report('the file', `has the member ${JSON.stringify(twice)} twice in one object`);
    return content;
  } catch (error) {
    const position = /at position ([0-9]+)/.exec((error as Error).message)?.[1];
    const line =
      position === undefined ? '' : ` (line ${text.slice(0, Number(position)).split('\n').length})`;
    report('the file', `is not valid JSON${line}`);
    return undefined;
  }
}

function readAccounts(content: unknown, accessKeys: Map<string, AccessKey>, report: Report): void {
  const file = asObject(content, ['accounts'], 'the file', report);
  if (file === undefined) return;
  const accounts = asObject(file['accounts'], undefined, 'accounts', report) ?? {};
  for (const [account, value] of Object.entries(accounts)) {
    const where = `accounts.${account}`;
    if (!/^[0-9]{12}$/.test(account)) report(where, 'an account must be twelve digits');
    const members = asObject(value, ['users'], where, report);
    if (members === undefined) continue;
    const users = asObject(members['users'], undefined, `${where}.users`, report) ?? {};
    for (const [user, entry] of Object.entries(users)) {
      readUser(account, user, entry, `${where}.users.${user}`, accessKeys, report);
    }
  }
}

/** The characters of IAM's user names: none is a wildcard, so that `${aws:username}` stands for itself alone. */
const userName = /^[\w+=,.@-]{1,64}$/;

function readUser(
  account: string,
  user: string,
  value: unknown,
  where: string,
  accessKeys: Map<string, AccessKey>,
  report: Report,
): void {
  if (!userName.test(user)) report(where, 'a user name must be 1 to 64 characters of A-Z a-z 0-9 _+=,.@-');
  const entry = asObject(value, ['accessKeys', 'policies'], where, report);
  if (entry === undefined) return;
  const keys = asArray(entry['accessKeys'] ?? [], `${where}.accessKeys`, report);
  const documents = asArray(entry['policies'] ?? [], `${where}.policies`, report);
  const policies = documents.map((document, i) =>
    compilePolicy(document, user, `${where}.policies[${i}]`, report),
  );
  for (const [i, value] of keys.entries()) {
    const at = `${where}.accessKeys[${i}]`;
    const key = asObject(value, keyMembers, at, report);
    const accessKeyId = key?.['accessKeyId'];
    if (key === undefined) continue;
    if (typeof accessKeyId !== 'string' || !accessKeyIdPattern.test(accessKeyId)) {
      report(`${at}.accessKeyId`, 'must be 1 to 128 characters of A-Z a-z 0-9 _.-');
      continue;
    }
    if (accessKeys.has(accessKeyId)) report(`${at}.accessKeyId`, 'is another key’s too');
    const accessKey = readAccessKey(key, { account, user, accessKeyId, policies }, at, report);
    if (accessKey !== undefined) accessKeys.set(accessKeyId, accessKey);
  }
}

const keyMembers = ['accessKeyId', 'secretAccessKey', 'sessionToken', 'expires'];
const accessKeyIdPattern = /^[\w.-]{1,128}$/;
const timestamp =
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})$/;

function readAccessKey(
  key: Members,
  caller: AccessKey['caller'],
  where: string,
  report: Report,
): AccessKey | undefined {
  const { secretAccessKey, sessionToken, expires } = key;
  if (typeof secretAccessKey !== 'string' || secretAccessKey === '') {
    report(`${where}.secretAccessKey`, 'must be a text that is not empty');
    return undefined;
  }
  if (sessionToken !== undefined && (typeof sessionToken !== 'string' || sessionToken === '')) {
    report(`${where}.sessionToken`, 'must be a text that is not empty');
    return undefined;
  }
  const expiresMs = typeof expires === 'string' && timestamp.test(expires) ? Date.parse(expires) : undefined;
  if (expires !== undefined && (expiresMs === undefined || Number.isNaN(expiresMs))) {
    report(`${where}.expires`, 'must be a time such as 2026-01-31T23:59:59Z');
  }
  return { secretAccessKey, sessionToken, expiresMs, caller };
}
