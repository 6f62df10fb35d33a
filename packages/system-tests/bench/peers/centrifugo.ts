import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Peer } from './peer.ts';
import { startServerProcess } from './server-process.ts';
import { startTwoServers } from './two-servers.ts';

/** Bytes around the content: channel, and the publisher's client id, a UUID. */
const around = 122;
const program = process.env['CENTRIFUGO_BIN'];

/**
 * Centrifugo with its Redis engine, two processes. Its lightest setup: no tokens to verify, no history or recovery
 * (messages go by Redis's PUB/SUB).
 */
export const centrifugo: Peer = {
  name: 'centrifugo',
  about: 'Centrifugo 6 with its Redis engine, two processes, no tokens, no history',
  ...(program === undefined || program === '' ? { missing: 'CENTRIFUGO_BIN names no binary' } : {}),
  start: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roomstream-centrifugo-'));
    const peer = await startTwoServers('centrifugo', around, (port, redisUrl) =>
      startOne(folder, port, redisUrl),
    );
    return {
      ...peer,
      stop: async () => {
        await peer.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};

function startOne(folder: string, port: number, redisUrl: string) {
  const file = join(folder, `${port}.json`);
  writeFileSync(
    file,
    JSON.stringify({
      http_server: { address: '127.0.0.1', port },
      engine: { type: 'redis', redis: { address: [redisUrl] } },
      client: { insecure: true, allowed_origins: ['*'] },
      // A benchmark reports nothing to anybody.
      usage_stats: { disabled: true },
      log: { level: 'info' },
    }),
  );
  return startServerProcess(program ?? '', ['-c', file], 'serving websocket');
}
