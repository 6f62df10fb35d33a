import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Stage } from '@roomstream/system-tests/stage';
import { inLanes } from './lanes.ts';
import { usedBy } from './usage.ts';

const published = 10_000;
const subscribers = 20;
const payloadBytes = 300;

/**
 * CPU microseconds of Redis for one more subscriber of a channel. What a message costs there varies more than this, so it is
 * found with plain connections: as many messages with and without subscribers, each with a write for itself.
 */
export async function redisPushCost(stage: Stage): Promise<number> {
  const { port } = stage.redis;
  const publisher = await open(port);
  const alone = await usedBy(stage, () => publishAll(publisher));
  const others = await inLanes(subscribers, 1, async () => {
    const socket = await open(port);
    socket.write('SSUBSCRIBE measured\r\n');
    await once(socket, 'data');
    return socket.resume();
  });
  const heard = await usedBy(stage, () => publishAll(publisher));
  for (const socket of [publisher, ...others]) socket.destroy();
  return ((heard.redis - alone.redis) * 1e6) / (published * subscribers);
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
}

async function publishAll(socket: Socket): Promise<void> {
  const command = `SPUBLISH measured ${'x'.repeat(payloadBytes)}\r\n`;
  for (let n = 0; n < published; n++) {
    socket.write(command);
    await once(socket, 'data');
  }
}
