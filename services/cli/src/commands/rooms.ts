import { formatArn } from '@roomstream/protocol/arn';
import { accountsKey, activityKey } from '@roomstream/store/keys';
import type { Room } from '@roomstream/store/records';
import type { RecordsConnection } from '@roomstream/store/records-connection';
import { openRooms, type Rooms } from '@roomstream/store/rooms';
import { ageText, columns, jsonLines } from '../columns.ts';
import type { Command, Status } from '../command.ts';
import { accountOf, readOptions } from '../options.ts';
import { readDeployment, withRecords } from '../redis-access.ts';

const usage = `Lists the rooms, newest update first within their account.

  roomstream rooms [--account <12 digits>] [--name <name>] [--json]

  --account  of this account alone
  --name     of this name alone
  --json     one JSON object a line: the record, its arn, and usedTimeMs, when it was last written or had a connection (to the hour)

Redis is found by REDIS_URL or ROOMSTREAM_RECORDS_REDIS_URL.
`;

const page = 100;

/** A room, and when it was used last. */
type Listed = { readonly room: Room; readonly usedMs: number | undefined };

/** Lists rooms. */
export const rooms: Command = {
  usage,
  run: async (words, surface): Promise<Status> => {
    const { values } = readOptions(words, {
      account: { type: 'string' },
      name: { type: 'string' },
      json: { type: 'boolean' },
    });
    const wanted = accountOf(values.account);
    const deployment = readDeployment(surface);
    await withRecords(deployment, async (records) => {
      const store = openRooms(records);
      const accounts = wanted === undefined ? await accountsOf(records) : [wanted];
      const filter = values.name === undefined ? {} : { name: values.name };
      const all: Listed[] = [];
      for (const account of accounts) {
        for await (const some of pagesOf(records, store, account, filter)) {
          if (values.json !== true) all.push(...some);
          else if (!(await surface.print(jsonLines(some.map((one) => asJson(one, deployment.region))))))
            return;
        }
      }
      if (values.json !== true) await surface.print(asTable(all));
    });
    return 0;
  },
};

/** The accounts that have ever had a record, in order. */
export async function accountsOf({ client, retry }: RecordsConnection): Promise<string[]> {
  return (await retry('list accounts', () => client.smembers(accountsKey))).sort();
}

async function* pagesOf(
  records: RecordsConnection,
  store: Rooms,
  account: string,
  filter: { readonly name?: string },
): AsyncGenerator<readonly Listed[]> {
  let after: Parameters<Rooms['list']>[3];
  do {
    const found = await store.list(account, filter, page, after);
    const ids = found.rooms.map(({ id }) => id);
    const used =
      ids.length === 0
        ? []
        : await records.retry('read the last uses', () =>
            records.client.zmscore(activityKey(account, 'room'), ids),
          );
    yield found.rooms.map((room, at) => ({ room, usedMs: numberOf(used[at]) }));
    after = found.next;
  } while (after !== undefined);
}

function numberOf(text: string | null | undefined): number | undefined {
  return text === null || text === undefined ? undefined : Number(text);
}

function asJson({ room, usedMs }: Listed, region: string): object {
  return {
    arn: formatArn({ region, account: room.account, kind: 'room', id: room.id }),
    ...room,
    usedTimeMs: usedMs,
  };
}

function asTable(all: readonly Listed[]): string {
  const nowMs = Date.now();
  const rows = all.map(({ room, usedMs }) => [
    room.account,
    room.id,
    new Date(room.createTimeMs).toISOString().slice(0, 10),
    usedMs === undefined ? '-' : `${ageText(nowMs - usedMs)} ago`,
    `${room.maximumMessageRatePerSecond}`,
    room.messageReviewHandler === undefined ? '-' : room.messageReviewHandler.uri,
    room.loggingConfigurationIds.join(',') || '-',
    JSON.stringify(room.name),
  ]);
  return columns(['ACCOUNT', 'ID', 'CREATED', 'USED', 'MESSAGES/S', 'HANDLER', 'LOGS', 'NAME'], rows);
}
