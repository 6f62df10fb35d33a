import uws from 'uWebSockets.js';

// As little as a chat server can do: a room is a topic, a frame goes to all of it as it came.
type Member = { readonly room: string };

const port = Number(process.argv[2]);
const app = uws.App();
app.ws<Member>('/*', {
  compression: uws.DISABLED,
  maxBackpressure: 1024 * 1024,
  idleTimeout: 60,
  upgrade: (response, request, context) => {
    const room = request.getQuery('room') ?? '';
    const header = (name: string) => request.getHeader(`sec-websocket-${name}`);
    response.upgrade({ room }, header('key'), header('protocol'), header('extensions'), context);
  },
  open: (socket) => void socket.subscribe(socket.getUserData().room),
  message: (socket, message, isBinary) => void app.publish(socket.getUserData().room, message, isBinary),
});
app.listen('127.0.0.1', port, (socket) => {
  process.stdout.write(socket === false ? 'the port is taken\n' : 'listening\n');
});
