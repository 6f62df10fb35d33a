import { slotsKey } from '@roomstream/store/keys';
import { readMetrics, sumOf } from '../admin-port.ts';
import { columns, jsonLines } from '../columns.ts';
import { type Command, Failure, type Status, type Surface } from '../command.ts';
import { readOptions } from '../options.ts';
import { readDeployment, withRecords } from '../redis-access.ts';
import { accountsOf } from './rooms.ts';

const usage = `Says how many connections there are.

  roomstream connections [--json]                       by account and gateway, from Redis
  roomstream connections --admin <url> … [--json]       by gateway, from admin ports: http://10.0.0.7:8090

  --json     one JSON object a line

In Redis stand the connections of accounts that have a quota, as their gateways reported them within the last 25 seconds.
Where quotas are unlimited, ask the admin ports.
Exit status: 1 when an admin port can't be read.
`;

type Held = {
  readonly account: string;
  readonly gateway: string;
  readonly connections: number;
  /** Slots that it holds of the quota, connections included. */
  readonly slots: number;
};

/** Counts connections. */
export const connections: Command = {
  usage,
  run: async (words, surface): Promise<Status> => {
    const { values } = readOptions(words, {
      admin: { type: 'string', multiple: true },
      json: { type: 'boolean' },
    });
    if (values.admin !== undefined) return ofAdminPorts(values.admin, values.json === true, surface);
    const held = await ofRedis(surface);
    if (values.json === true) await surface.print(jsonLines(held));
    else {
      const rows = held.map((one) => [one.account, one.gateway, `${one.connections}`, `${one.slots}`]);
      await surface.print(columns(['ACCOUNT', 'GATEWAY', 'CONNECTIONS', 'SLOTS'], rows));
    }
    if (held.length === 0)
      surface.note(
        'No gateway has reported any; those of accounts without a quota aren’t reported: see --admin.',
      );
    return 0;
  },
};

async function ofRedis(surface: Surface): Promise<Held[]> {
  return withRecords(readDeployment(surface), async (records) => {
    const { client, retry } = records;
    const [seconds] = await retry('read the clock', () => client.time());
    const all: Held[] = [];
    for (const account of await accountsOf(records)) {
      const slots = await retry('read slots', () => client.hgetall(slotsKey(account)));
      for (const [gateway, entry] of Object.entries(slots)) {
        const [, expiresMs, leased, used] = entry.split(' ').map(Number);
        if ((expiresMs ?? 0) <= Number(seconds) * 1000) continue;
        all.push({ account, gateway, connections: used ?? 0, slots: leased ?? 0 });
      }
    }
    return all;
  });
}

async function ofAdminPorts(urls: readonly string[], isJson: boolean, surface: Surface): Promise<Status> {
  const rows: {
    readonly admin: string;
    readonly ready: boolean;
    readonly connections: number;
    readonly rooms: number;
  }[] = [];
  let status: Status = 0;
  for (const admin of urls) {
    try {
      const { text, ready } = await readMetrics(admin);
      rows.push({
        admin,
        ready,
        connections: sumOf(text, 'roomstream_concurrent_chat_connections'),
        rooms: sumOf(text, 'roomstream_gateway_rooms'),
      });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      surface.note(error.message);
      status = 1;
    }
  }
  if (isJson) await surface.print(jsonLines(rows));
  else {
    const cells = rows.map((row) => [
      row.admin,
      row.ready ? 'yes' : 'no',
      `${row.connections}`,
      `${row.rooms}`,
    ]);
    await surface.print(columns(['ADMIN PORT', 'READY', 'CONNECTIONS', 'ROOMS'], cells));
  }
  return status;
}
