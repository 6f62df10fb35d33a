import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '@roomstream/protocol/ids';
import {
  accountsKey,
  activityKey,
  deletedKey,
  membersKey,
  outcomeKey,
  type RecordKind,
  recordKey,
  scoreKey,
} from './keys.ts';
import { decodeRecord, encodeBody, type Fields, type Stored } from './record-text.ts';
import type { RecordsConnection } from './records-connection.ts';

/** What a kind of records is, beyond its fields. */
export type RecordTraits<T extends Fields> = {
  readonly kind: RecordKind;
  /** Members that JSON leaves out when they are undefined. */
  readonly absent: Partial<T>;
  /** Keys of the sorted sets that the record belongs to, beside that of all. */
  indices(record: T): readonly string[];
  /** Keys of the records that must exist when this one is written. */
  needs(record: T): readonly string[];
  /** Keys of the sorted sets that must be empty when the record is deleted. */
  blockers(account: string, id: string): readonly string[];
  /** How long a deleted record can still be read by `getLatest`; 0: not at all. */
  readonly keptDeletedMs: number;
};

/** The outcome of a write. `index` says which of `needs` is missing. */
export type Written<T> =
  | { readonly kind: 'written'; readonly record: T }
  | { readonly kind: 'quota-exceeded' | 'not-found' }
  | { readonly kind: 'missing'; readonly index: number };

/** The outcome of a deletion; `used` only with a time. */
export type Deleted = 'deleted' | 'not-found' | 'attached' | 'used';

/**
 * Records of one kind: JSON in a string key, changed by one script that compares the version and keeps the indices
 * true. Every write has an id of its own and leaves its outcome for a minute, so a try whose reply was lost is
 * answered, not done again.
 */
export class RecordTable<T extends Fields> {
  readonly #connection: RecordsConnection;
  readonly #traits: RecordTraits<T>;

  constructor(connection: RecordsConnection, traits: RecordTraits<T>) {
    this.#connection = connection;
    this.#traits = traits;
  }

  /** Creates a record if the account has fewer than `most`. Throws when the id is taken. */
  async create(draft: Omit<T, 'createTimeMs' | 'updateTimeMs'>, most: number): Promise<Written<T>> {
    const { account } = draft;
    await this.#connection.retry('note account', () => this.#connection.client.sadd(accountsKey, account));
    const record = { ...draft, createTimeMs: 0, updateTimeMs: 0 } as unknown as T;
    const reply = await this.#write(record, undefined, most, false);
    if (reply === 'exists') throw new Error(`${this.#traits.kind} ${draft.id} exists already`);
    return this.#read(record, reply) as Written<T>;
  }

  /** Reads a record. */
  async get(account: string, id: string): Promise<T | undefined> {
    return (await this.#load(account, id))?.record;
  }

  /** Reads a record; one that was deleted lately as it was last. */
  async getLatest(account: string, id: string): Promise<T | undefined> {
    const { kind } = this.#traits;
    const keys = [recordKey(account, kind, id), deletedKey(account, kind, id)];
    const [current, deleted] = await this.#connection.retry(`read ${kind}`, () =>
      this.#connection.client.mget(keys),
    );
    return this.#decode(account, id, current ?? deleted ?? null)?.record;
  }

  /** Reads several records of an account; undefined for those that don't exist. */
  async getAll(account: string, ids: readonly string[]): Promise<readonly (T | undefined)[]> {
    if (ids.length === 0) return [];
    const keys = ids.map((id) => recordKey(account, this.#traits.kind, id));
    const texts = await this.#connection.retry('read records', () => this.#connection.client.mget(keys));
    return texts.map((text, i) => this.#decode(account, ids[i] as string, text)?.record);
  }

  /**
   * Replaces a record by what `change` makes of it; run again when another process was faster. What `change` throws
   * passes through and nothing is written.
   */
  async update(
    account: string,
    id: string,
    change: (record: T) => T,
    keepUpdateTime: boolean,
  ): Promise<Written<T>> {
    for (;;) {
      const stored = await this.#load(account, id);
      if (stored === undefined) return { kind: 'not-found' };
      const next = { ...change(stored.record), account, id };
      const reply = await this.#write(next, stored, Number.POSITIVE_INFINITY, keepUpdateTime);
      const outcome = this.#read(next, reply);
      if (outcome !== 'conflict') return outcome;
      await delay(Math.random() * 10);
    }
  }

  /** Deletes a record; with `usedBeforeMs` only if its last write or use is older. */
  async delete(account: string, id: string, usedBeforeMs?: number): Promise<Deleted> {
    for (;;) {
      const stored = await this.#load(account, id);
      if (stored === undefined) return 'not-found';
      const reply = await this.#delete(stored, usedBeforeMs);
      if (reply === 'gone') return 'not-found';
      if (reply !== 'conflict') return reply;
      await delay(Math.random() * 10);
    }
  }

  async #load(account: string, id: string): Promise<Stored<T> | undefined> {
    const { kind } = this.#traits;
    const key = recordKey(account, kind, id);
    const text = await this.#connection.retry(`read ${kind}`, () => this.#connection.client.get(key));
    return this.#decode(account, id, text);
  }

  #decode(account: string, id: string, text: string | null): Stored<T> | undefined {
    return text === null ? undefined : decodeRecord(account, id, text, this.#traits.absent);
  }

  async #write(
    record: T,
    stored: Stored<T> | undefined,
    most: number,
    keepUpdateTime: boolean,
  ): Promise<string> {
    const { kind, needs, indices } = this.#traits;
    const { account, id } = record;
    const version = newId();
    const needed = needs(record);
    const entered = indices(record);
    const left = stored === undefined ? [] : indices(stored.record).filter((key) => !entered.includes(key));
    const keys = [
      outcomeKey(account, version),
      recordKey(account, kind, id),
      scoreKey(account),
      membersKey(account, kind),
      activityKey(account, kind),
      ...needed,
      ...left,
      ...entered,
    ];
    const args = [
      id,
      stored?.version ?? '',
      version,
      encodeBody(record),
      Number.isFinite(most) ? most : '',
      keepUpdateTime ? 1 : 0,
      needed.length,
      left.length,
    ];
    const attempt = () => this.#connection.scripts.writeRecord(keys, args);
    return String(await this.#connection.retry(`write ${kind}`, attempt));
  }

  /** What the script's reply means. */
  #read(record: T, reply: string): Written<T> | 'conflict' {
    const [word, first, second] = reply.split(' ');
    switch (word) {
      case 'written': {
        const times = { createTimeMs: Number(second), updateTimeMs: Math.floor(Number(first) / 1000) };
        return { kind: 'written', record: { ...record, ...times } };
      }
      case 'quota':
        return { kind: 'quota-exceeded' };
      case 'gone':
        return { kind: 'not-found' };
      case 'missing':
        return { kind: 'missing', index: Number(first) - 1 };
      case 'conflict':
        return 'conflict';
      default:
        throw new Error(`write-record answered ${JSON.stringify(reply)}`);
    }
  }

  async #delete(
    stored: Stored<T>,
    usedBeforeMs: number | undefined,
  ): Promise<Exclude<Deleted, 'not-found'> | 'gone' | 'conflict'> {
    const { kind, blockers, indices, keptDeletedMs } = this.#traits;
    const { account, id } = stored.record;
    const blocking = blockers(account, id);
    const keys = [
      outcomeKey(account, newId()),
      recordKey(account, kind, id),
      membersKey(account, kind),
      activityKey(account, kind),
      deletedKey(account, kind, id),
      ...blocking,
      ...indices(stored.record),
    ];
    const args = [id, stored.version, usedBeforeMs ?? '', blocking.length, keptDeletedMs];
    const attempt = () => this.#connection.scripts.deleteRecord(keys, args);
    const reply = await this.#connection.retry(`delete ${kind}`, attempt);
    return reply as Exclude<Deleted, 'not-found'> | 'gone' | 'conflict';
  }
}
