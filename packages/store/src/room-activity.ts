import { accountsKey, activityKey } from './keys.ts';
import type { RecordTable } from './record-table.ts';
import type { Room } from './records.ts';
import type { RecordsConnection } from './records-connection.ts';

/** Where a sweep says what it removed. */
export type SweepLog = { info(fields: object, message: string): void };

const hourMs = 3_600_000;

/** Rooms looked at in one round trip of a sweep. */
const sweepBatch = 100;

/** When rooms were last used, and the removal of those that aren't any more. */
export class RoomActivity {
  readonly #connection: RecordsConnection;
  readonly #table: RecordTable<Room>;
  /** Rooms noted in this hour: their next touches cost nothing. */
  readonly #touched = new Set<string>();
  #hour = 0;

  constructor(connection: RecordsConnection, table: RecordTable<Room>) {
    this.#connection = connection;
    this.#table = table;
  }

  /** Notes that a room is used. Does nothing for a room that doesn't exist. */
  async touch(account: string, id: string): Promise<void> {
    const nowMs = Date.now();
    const hour = Math.floor(nowMs / hourMs);
    if (hour !== this.#hour) {
      this.#hour = hour;
      this.#touched.clear();
    }
    const room = `${account}/${id}`;
    if (this.#touched.has(room)) return;
    this.#touched.add(room);
    try {
      // XX: a room that was deleted in the meantime must not come back in the index.
      await this.#connection.retry('touch room', () =>
        this.#connection.client.zadd(activityKey(account, 'room'), 'XX', 'GT', nowMs, id),
      );
    } catch (error) {
      this.#touched.delete(room);
      throw error;
    }
  }

  /** Deletes rooms without a write or a touch since `unusedSinceMs`, in all accounts. */
  async removeUnused(unusedSinceMs: number, log: SweepLog): Promise<readonly Room[]> {
    const { client, retry } = this.#connection;
    const accounts = await retry('list accounts', () => client.smembers(accountsKey));
    const removed: Room[] = [];
    for (const account of accounts) {
      const rooms = await this.#removeOf(account, unusedSinceMs);
      if (rooms.length > 0) log.info({ account, rooms: rooms.length }, 'unused rooms removed');
      removed.push(...rooms);
    }
    return removed;
  }

  async #removeOf(account: string, unusedSinceMs: number): Promise<readonly Room[]> {
    const { client, retry } = this.#connection;
    const key = activityKey(account, 'room');
    const removed: Room[] = [];
    for (;;) {
      const ids = await retry('list unused rooms', () =>
        client.zrangebyscore(key, '-inf', `(${unusedSinceMs}`, 'LIMIT', 0, sweepBatch),
      );
      for (const id of ids) {
        const room = await this.#table.get(account, id);
        const outcome =
          room === undefined ? 'not-found' : await this.#table.delete(account, id, unusedSinceMs);
        if (outcome === 'deleted' && room !== undefined) removed.push(room);
        // An entry without a room would be found again for ever.
        if (outcome === 'not-found') await retry('drop activity', () => client.zrem(key, id));
      }
      if (ids.length < sweepBatch) return removed;
    }
  }
}
