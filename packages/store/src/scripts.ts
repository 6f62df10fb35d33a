import { readFileSync } from 'node:fs';
import type { RedisClient } from '@roomstream/runtime/redis';

/** Runs one script. The reply is as Redis gives it. */
export type Script = (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>;

/** The scripts by the verbs of their files. */
export type Scripts = {
  readonly writeRecord: Script;
  readonly deleteRecord: Script;
  readonly takeRate: Script;
  readonly reportSlots: Script;
};

const files = {
  writeRecord: 'write-record-n.lua',
  deleteRecord: 'delete-record-n.lua',
  takeRate: 'take-rate-1.lua',
  reportSlots: 'report-slots-1.lua',
} satisfies Record<keyof Scripts, string>;

/** Makes the Lua files known to a connection; ioredis sends their text once a connection and their hash from then on. */
export function defineScripts(client: RedisClient): Scripts {
  const define = (name: keyof Scripts): Script => {
    const lua = readFileSync(new URL(`../../lua/${files[name]}`, import.meta.url), 'utf8');
    const command = `store:${name}`;
    client.defineCommand(command, { lua });
    // defineCommand adds a method that no type knows of.
    const methods = client as unknown as Record<string, (...args: (string | number)[]) => Promise<unknown>>;
    return (keys, args) =>
      (methods[command] as (...all: (string | number)[]) => Promise<unknown>).call(
        client,
        keys.length,
        ...keys,
        ...args,
      );
  };
  return {
    writeRecord: define('writeRecord'),
    deleteRecord: define('deleteRecord'),
    takeRate: define('takeRate'),
    reportSlots: define('reportSlots'),
  };
}
