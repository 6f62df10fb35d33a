import { fileURLToPath } from 'node:url';
import type { Peer } from './peer.ts';
import { startServerProcess } from './server-process.ts';
import { startTwoServers } from './two-servers.ts';

/** Bytes around the content: `42["said",""]`. */
const around = 13;
const main = fileURLToPath(new URL('./socket-io-main.js', import.meta.url));

/** Socket.IO with its adapter for Redis Streams, two processes. */
export const socketIo: Peer = {
  name: 'socket.io',
  about: 'Socket.IO 4.8.4 with @socket.io/redis-streams-adapter 0.3.1, two processes, WebSocket only',
  start: () =>
    startTwoServers('socket.io', around, (port, redisUrl) =>
      startServerProcess(process.execPath, [main, `${port}`, redisUrl], 'listening'),
    ),
};
