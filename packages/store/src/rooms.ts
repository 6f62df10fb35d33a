import {
  membersKey,
  recordKey,
  roomsByHandlerKey,
  roomsByLoggingConfigurationKey,
  roomsByNameKey,
} from './keys.ts';
import { RecordTable, type RecordTraits, type Written } from './record-table.ts';
import { type ListPosition, walkRecords } from './record-walk.ts';
import type { Room } from './records.ts';
import type { RecordsConnection } from './records-connection.ts';
import { RoomActivity, type SweepLog } from './room-activity.ts';

/** Which rooms to list: all given members must match. */
export type RoomFilter = {
  readonly name?: string;
  readonly messageReviewHandlerUri?: string;
  readonly loggingConfigurationId?: string;
};

/** A logging configuration that a room should have doesn't exist. */
type LoggingConfigurationNotFound = {
  readonly kind: 'logging-configuration-not-found';
  readonly id: string;
};

/** The outcome of creating a room. */
export type RoomCreated =
  | { readonly kind: 'created'; readonly room: Room }
  | { readonly kind: 'quota-exceeded' }
  | LoggingConfigurationNotFound;

/** The outcome of updating a room. */
export type RoomUpdated =
  | { readonly kind: 'updated'; readonly room: Room }
  | { readonly kind: 'not-found' }
  | LoggingConfigurationNotFound;

/** One page of rooms; without `next` there is no more. A page may be shorter than asked for and still have a next. */
export type RoomPage = { readonly rooms: readonly Room[]; readonly next: ListPosition | undefined };

/** The rooms of all accounts. Every method retries a short outage of Redis, then rejects with StoreUnavailable. */
export type Rooms = {
  /** Creates a room if the account has fewer than `mostRooms`; `draft.id` is a new id. */
  create(draft: Omit<Room, 'createTimeMs' | 'updateTimeMs'>, mostRooms: number): Promise<RoomCreated>;
  get(account: string, id: string): Promise<Room | undefined>;
  /**
   * Replaces a room by what `change` makes of the current one; `change` is run again when another process was faster.
   * What it throws rejects the call, and nothing is written. `keepUpdateTime` is for tags.
   */
  update(
    account: string,
    id: string,
    change: (room: Room) => Room,
    options?: { readonly keepUpdateTime?: boolean },
  ): Promise<RoomUpdated>;
  /** Deletes a room; false when there is none. */
  delete(account: string, id: string): Promise<boolean>;
  /** Lists rooms, newest update first; those that aren't updated meanwhile are neither skipped nor repeated. */
  list(account: string, filter: RoomFilter, limit: number, after?: ListPosition): Promise<RoomPage>;
  /** Notes that the room has a connection (rooms unused for 24 months go). At most one write per room and hour. */
  touch(account: string, id: string): Promise<void>;
  /**
   * Deletes the rooms of all accounts that had neither a write nor a connection since `unusedSinceMs`; returns them.
   * Safe from several processes: each room is returned by one.
   */
  removeUnused(unusedSinceMs: number, log: SweepLog): Promise<readonly Room[]>;
};

/** What a room is among the records. */
export const roomTraits: RecordTraits<Room> = {
  kind: 'room',
  absent: { messageReviewHandler: undefined },
  indices: (room) => [
    roomsByNameKey(room.account, room.name),
    ...(room.messageReviewHandler === undefined
      ? []
      : [roomsByHandlerKey(room.account, room.messageReviewHandler.uri)]),
    ...room.loggingConfigurationIds.map((id) => roomsByLoggingConfigurationKey(room.account, id)),
  ],
  needs: (room) =>
    room.loggingConfigurationIds.map((id) => recordKey(room.account, 'logging-configuration', id)),
  blockers: () => [],
  keptDeletedMs: 0,
};

/** Opens the rooms on a connection. */
export function openRooms(connection: RecordsConnection): Rooms {
  const table = new RecordTable(connection, roomTraits);
  const activity = new RoomActivity(connection, table);
  return {
    create: async (draft, mostRooms) => {
      const written = await table.create(draft, mostRooms);
      if (written.kind === 'written') return { kind: 'created', room: written.record };
      if (written.kind === 'quota-exceeded') return { kind: 'quota-exceeded' };
      return notFound(written, draft.loggingConfigurationIds);
    },
    get: (account, id) => table.get(account, id),
    update: async (account, id, change, options) => {
      let wanted: readonly string[] = [];
      const noted = (room: Room) => {
        const next = change(room);
        wanted = next.loggingConfigurationIds;
        return next;
      };
      const written = await table.update(account, id, noted, options?.keepUpdateTime ?? false);
      if (written.kind === 'written') return { kind: 'updated', room: written.record };
      if (written.kind === 'not-found') return { kind: 'not-found' };
      return notFound(written, wanted);
    },
    delete: async (account, id) => (await table.delete(account, id)) === 'deleted',
    list: async (account, filter, limit, after) => {
      const indices = indicesOf(account, filter);
      const index = await mostSelective(connection, indices, membersKey(account, 'room'));
      const walk = { index, matches: matching(filter), isSparse: indices.length > 1 };
      const page = await walkRecords(connection, table, account, walk, limit, after);
      return { rooms: page.records, next: page.next };
    },
    touch: (account, id) => activity.touch(account, id),
    removeUnused: (unusedSinceMs, log) => activity.removeUnused(unusedSinceMs, log),
  };
}

function notFound(written: Written<Room>, ids: readonly string[]): LoggingConfigurationNotFound {
  if (written.kind !== 'missing') throw new Error(`a room's write ended with ${written.kind}`);
  return { kind: 'logging-configuration-not-found', id: ids[written.index] as string };
}

function indicesOf(account: string, filter: RoomFilter): readonly string[] {
  const { name, messageReviewHandlerUri: uri, loggingConfigurationId: id } = filter;
  return [
    ...(name === undefined ? [] : [roomsByNameKey(account, name)]),
    ...(uri === undefined ? [] : [roomsByHandlerKey(account, uri)]),
    ...(id === undefined ? [] : [roomsByLoggingConfigurationKey(account, id)]),
  ];
}

function matching(filter: RoomFilter): (room: Room) => boolean {
  const { name, messageReviewHandlerUri: uri, loggingConfigurationId: id } = filter;
  return (room) =>
    (name === undefined || room.name === name) &&
    (uri === undefined || room.messageReviewHandler?.uri === uri) &&
    (id === undefined || room.loggingConfigurationIds.includes(id));
}

/** The index with the fewest rooms; that of all without a filter. */
async function mostSelective(
  connection: RecordsConnection,
  indices: readonly string[],
  all: string,
): Promise<string> {
  const [first] = indices;
  if (first === undefined || indices.length === 1) return first ?? all;
  const sizes = await connection.retry('size indices', () =>
    Promise.all(indices.map((index) => connection.client.zcard(index))),
  );
  return indices[sizes.indexOf(Math.min(...sizes))] as string;
}
