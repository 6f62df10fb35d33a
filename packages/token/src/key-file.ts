import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { parseSecretJson } from '@roomstream/runtime/secret-json';
import { decodeBase64url } from './base64url.ts';

/** A local master key. */
export type MasterKey = {
  /** Eight bytes, in the header of each token: 16 hexadecimal digits in the file. */
  readonly id: Buffer;
  /** 32 bytes. */
  readonly secret: Buffer;
  /** From when on it seals, in milliseconds since the epoch; it opens at any time. */
  readonly sealsFromMs: number;
};

/** A key file, as read. */
export type KeyFile = {
  readonly keys: readonly MasterKey[];
  /** Differs when the file was replaced or changed. */
  readonly version: string;
};

/** What a key file that can't be used says, in one sentence. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
}

/** The file could be read, but isn't a key file. */
class DamagedKeyFileError extends KeyFileError {}

/**
 * Makes the key file with one new key unless it is there. Returns whether it was made. Several processes may race: the
 * file appears whole or not at all, and the one that comes second finds the first one's. A missing folder isn't made:
 * a mistyped path would become a key of its own, and this process would refuse every token of the others.
 */
export function createKeyFile(path: string, nowMs: number): boolean {
  if (existsSync(path)) return false;
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(draft, newKeyFile(nowMs), { flag: 'wx', mode: 0o600, flush: true });
    return linkNew(draft, path);
  } catch (error) {
    throw new KeyFileError(`the token key file ${path} can't be made: ${(error as Error).message}`);
  } finally {
    if (existsSync(draft)) rmSync(draft);
  }
}

/** Gives a whole file its final name, unless another process was faster. */
function linkNew(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

function newKeyFile(nowMs: number): string {
  return formatKeyFile([{ id: randomBytes(8), secret: randomBytes(32), sealsFromMs: nowMs }]);
}

/** The text of a key file. */
export function formatKeyFile(keys: readonly MasterKey[]): string {
  const members = keys.map(({ id, secret, sealsFromMs }) => ({
    id: id.toString('hex'),
    key: secret.toString('base64url'),
    sealsFrom: new Date(sealsFromMs).toISOString(),
  }));
  return `${JSON.stringify({ keys: members }, undefined, 2)}\n`;
}

/** Which version of the file is there now, without reading it; undefined when there is none. */
export function keyFileVersion(path: string): string | undefined {
  const status = statSync(path, { throwIfNoEntry: false, bigint: true });
  return status === undefined
    ? undefined
    : `${status.dev} ${status.ino} ${status.size} ${status.mtimeNs} ${status.mode}`;
}

/** Reads the key file; throws a KeyFileError with one plain sentence when it can't be used. */
export function readKeyFile(path: string): KeyFile {
  // Taken before reading: a change in between is seen at the next look.
  const version = keyFileVersion(path);
  if (version === undefined) throw new KeyFileError(`the token key file ${path} isn't there`);
  if ((statSync(path).mode & 0o077) !== 0)
    throw new KeyFileError(`the token key file ${path} can be read by others: run chmod 600 ${path}`);
  const text = readText(path);
  try {
    return { keys: parseKeys(text), version };
  } catch (error) {
    throw new DamagedKeyFileError(`the token key file ${path} can't be used: ${(error as Error).message}`);
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new KeyFileError(`the token key file ${path} can't be read: ${(error as Error).message}`);
  }
}

/** As readKeyFile, for a process that starts: one that runs still has the keys, here those of a damaged file may be lost. */
export function readKeyFileAtStart(path: string): KeyFile {
  try {
    return readKeyFile(path);
  } catch (error) {
    if (!(error instanceof DamagedKeyFileError)) throw error;
    throw new KeyFileError(
      `${error.message}. Mend it or restore it from a copy; without its keys, tokens sealed before are refused`,
    );
  }
}

function parseKeys(text: string): MasterKey[] {
  const list = (parseSecretJson(text) as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(list) || list.length === 0)
    throw new Error('it needs a list "keys" with at least one key');
  const keys = list.map(parseKey);
  if (new Set(keys.map((key) => key.id.toString('hex'))).size < keys.length)
    throw new Error('two keys have the same id');
  return keys;
}

function parseKey(value: unknown, index: number): MasterKey {
  const { id, key, sealsFrom } = (value ?? {}) as Record<string, unknown>;
  const secret = typeof key === 'string' ? decodeBase64url(key) : undefined;
  const sealsFromMs = typeof sealsFrom === 'string' ? Date.parse(sealsFrom) : Number.NaN;
  if (typeof id !== 'string' || !/^[0-9a-f]{16}$/.test(id))
    throw new Error(`key ${index + 1} needs an "id" of 16 hexadecimal digits`);
  if (secret?.length !== 32) throw new Error(`key ${index + 1} needs a "key" of 32 bytes in base64url`);
  if (Number.isNaN(sealsFromMs)) throw new Error(`key ${index + 1} needs a time "sealsFrom"`);
  return { id: Buffer.from(id, 'hex'), secret, sealsFromMs };
}

/** The key that seals now: the newest whose time has come, or the oldest when none's has (a clock that lags). */
export function sealingMaster(keys: readonly MasterKey[], nowMs: number): MasterKey {
  const byAge = keys.toSorted((one, other) => other.sealsFromMs - one.sealsFromMs);
  return (byAge.find((key) => key.sealsFromMs <= nowMs) ?? byAge.at(-1)) as MasterKey;
}
