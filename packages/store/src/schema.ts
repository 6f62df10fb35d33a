import { newId } from '@roomstream/protocol/ids';
import { sleep } from '@roomstream/runtime/backoff';
import type { Log } from '@roomstream/runtime/log';
import { startLoop } from '@roomstream/runtime/loop';
import { schemaLockKey, schemaVersionKey } from './keys.ts';
import type { Migration } from './migration.ts';
import { migrations as allMigrations } from './migrations/migrations.ts';
import type { RecordsConnection } from './records-connection.ts';

/** The version of the layout that this program reads and writes. */
export const schemaVersion = allMigrations.length;

/** The records are of a later version than this program knows. */
export class NewerRecords extends Error {
  override readonly name = 'NewerRecords';

  constructor(found: number, known: number) {
    super(
      `The records in Redis have version ${found} and this program knows them up to version ${known}: run the version of Roomstream that wrote them, or a later one`,
    );
  }
}

/** A lock that isn't renewed is free after this long: its process is dead. */
const lockMs = 15_000;
const renewMs = 3_000;

/** How often whoever waits for another's migration looks. */
const lookMs = 100;

/**
 * Brings the records to the newest version: step by step, by one process at a time, while the others wait. In an
 * empty Redis the steps have nothing to do. Rejects with NewerRecords when there is nothing that this program may do with them.
 */
export async function bringUpToDate(
  connection: RecordsConnection,
  log: Log,
  migrations: readonly Migration[] = allMigrations,
): Promise<void> {
  const newest = migrations.length;
  let hasWaited = false;
  for (;;) {
    const version = await readSchemaVersion(connection);
    if (version > newest) throw new NewerRecords(version, newest);
    const next = migrations[version];
    if (next === undefined) return;
    const token = await takeLock(connection);
    if (token !== undefined) {
      await migrate(connection, next, version + 1, token, log);
    } else {
      if (!hasWaited)
        log.info({ version: version + 1 }, 'waits while another process brings the records up to date');
      hasWaited = true;
      await sleep(lookMs);
    }
  }
}

/** The version of the records in Redis; 0: they have none. Throws when it can't be read. */
export async function readSchemaVersion({ client, retry }: RecordsConnection): Promise<number> {
  const text = await retry('read the version of the records', () => client.get(schemaVersionKey));
  if (text !== null && !/^[1-9][0-9]{0,8}$/.test(text)) {
    throw new Error(
      `the version of the records, ${schemaVersionKey}, is ${JSON.stringify(text)}, which is no number`,
    );
  }
  return Number(text ?? 0);
}

async function takeLock({ client, retry }: RecordsConnection): Promise<string | undefined> {
  const token = newId();
  const taken = await retry('take the lock of migrations', () =>
    client.set(schemaLockKey, token, 'PX', lockMs, 'NX'),
  );
  return taken === 'OK' ? token : undefined;
}

async function migrate(
  connection: RecordsConnection,
  migration: Migration,
  version: number,
  token: string,
  log: Log,
): Promise<void> {
  const { scripts, retry } = connection;
  const hold = (reached: number | '') =>
    retry('hold the lock of migrations', () =>
      scripts.holdSchema([schemaVersionKey, schemaLockKey], [token, reached, lockMs]),
    );
  // Between taking the lock and here another process may have ended the same step.
  if ((await readSchemaVersion(connection)) >= version) {
    await hold(version);
    return;
  }
  log.info({ version, what: migration.what }, 'brings the records up to date');
  const renewing = startLoop(
    'holding the lock of migrations',
    renewMs,
    async () => void (await hold('')),
    log,
  );
  try {
    await migration.run(connection, log);
  } finally {
    await renewing.stop();
  }
  // A lost lock is another's by now, who does the same once more; a lost reply has done its work.
  await hold(version);
}
