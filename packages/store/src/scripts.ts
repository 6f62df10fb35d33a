import { readFileSync } from 'node:fs';
import type { RedisClient } from '@roomstream/runtime/redis';
import { defineScript, type Script } from '@roomstream/runtime/script';

/** The scripts by the verbs of their files. */
export type Scripts = {
  readonly writeRecord: Script;
  readonly deleteRecord: Script;
  readonly putRecord: Script;
  readonly holdSchema: Script;
  readonly takeRate: Script;
  readonly reportSlots: Script;
};

const files = {
  writeRecord: 'write-record-n.lua',
  deleteRecord: 'delete-record-n.lua',
  putRecord: 'put-record-n.lua',
  holdSchema: 'hold-schema-2.lua',
  takeRate: 'take-rate-1.lua',
  reportSlots: 'report-slots-1.lua',
} satisfies Record<keyof Scripts, string>;

/** Makes the Lua files known to a connection. */
export function defineScripts(client: RedisClient): Scripts {
  const define = (name: keyof Scripts): Script => {
    const lua = readFileSync(new URL(`../../lua/${files[name]}`, import.meta.url), 'utf8');
    return defineScript(client, `store:${name}`, lua);
  };
  return {
    writeRecord: define('writeRecord'),
    deleteRecord: define('deleteRecord'),
    putRecord: define('putRecord'),
    holdSchema: define('holdSchema'),
    takeRate: define('takeRate'),
    reportSlots: define('reportSlots'),
  };
}
