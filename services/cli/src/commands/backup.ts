import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { backUpRecords } from '@roomstream/store/back-up-records';
import { type Command, Failure, type Status } from '../command.ts';
import { readOptions } from '../options.ts';
import { readDeployment, withRecords } from '../redis-access.ts';

const usage = `Writes the rooms and logging configurations of all accounts as lines of JSON, while everything goes on.

  roomstream backup [--output <file>]

  --output  the file, which appears when it is whole and replaces one of that name; stdout without it

\`roomstream restore\` puts them into any Redis. The token key file, the credentials file, the accounts file and the handlers file
are no records: back them up as files. What rooms have said isn't in it: streams are kept for minutes, and logs go to their destinations.
Redis is found by REDIS_URL or ROOMSTREAM_RECORDS_REDIS_URL.
`;

/** Backs the records up. */
export const backup: Command = {
  usage,
  run: async (words, surface): Promise<Status> => {
    const { values } = readOptions(words, { output: { type: 'string' } });
    const sink = values.output === undefined ? surface.print : await openFile(values.output);
    let lines = 0;
    await withRecords(readDeployment(surface), async (records) => {
      for await (const line of backUpRecords(records)) {
        if (!(await sink(line))) throw new Failure('Nobody reads the backup any more: it is not whole.');
        lines++;
      }
    });
    if (values.output !== undefined) await sink('');
    surface.note(`Backed up ${lines - 2} records.`);
    return 0;
  },
};

/** Writes to a draft beside the file; an empty text ends it and gives it its name. */
async function openFile(path: string): Promise<(text: string) => Promise<boolean>> {
  const draft = `${path}.${process.pid}.draft`;
  const stream = createWriteStream(draft, { mode: 0o600, flush: true });
  await once(stream, 'open').catch((error: Error) => {
    throw new Failure(`${path} can't be written: ${error.message}`);
  });
  stream.on('error', () => undefined);
  return async (text) => {
    try {
      if (text !== '') {
        if (!stream.write(text)) await once(stream, 'drain');
        return true;
      }
      stream.end();
      await once(stream, 'close');
      await rename(draft, path);
      return true;
    } catch (error) {
      await rm(draft, { force: true });
      throw new Failure(`${path} can't be written: ${(error as Error).message}`);
    }
  };
}
