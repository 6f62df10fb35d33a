import { createAdapter } from '@socket.io/redis-streams-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';

// As the adapter's README sets it up, and as the documentation advises for speed: WebSocket only, no compression (its
// default). Options that would cost something (connection state recovery) stay off.
const [port, redisUrl = ''] = process.argv.slice(2);
const io = new Server({ adapter: createAdapter(new Redis(redisUrl)), transports: ['websocket'] });
io.on('connection', (socket) => {
  const room = `${socket.handshake.query['room']}`;
  void socket.join(room);
  socket.on('say', (content: string) => void io.to(room).emit('said', content));
});
io.listen(Number(port));
io.httpServer.once('listening', () => process.stdout.write('listening\n'));
