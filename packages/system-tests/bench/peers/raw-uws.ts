import { fileURLToPath } from 'node:url';
import { freePort } from '@roomstream/testing/free-port';
import { frameBytes, type Peer } from './peer.ts';
import { startServerProcess } from './server-process.ts';

/** The ceiling: the WebSocket library of our gateway with nothing around it, no Redis, one process. */
export const rawUws: Peer = {
  name: 'raw-uws',
  about: 'raw uWebSockets.js, one process, no Redis',
  start: async () => {
    const port = await freePort();
    const main = fileURLToPath(new URL('./raw-uws-main.js', import.meta.url));
    const server = await startServerProcess(process.execPath, [main, `${port}`], 'listening');
    return {
      dialect: 'plain',
      targets: [{ host: '127.0.0.1', port }],
      servers: [server.pid],
      others: [],
      redisPort: undefined,
      contentBytes: frameBytes,
      makeRooms: async () => undefined,
      mint: undefined,
      stop: server.stop,
    };
  },
};
