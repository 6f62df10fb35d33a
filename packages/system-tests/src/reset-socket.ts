import type { Socket } from 'node:net';

/** Drops a socket with a reset, unless it is closing: Node leaves such a one open for ever then, and never ends. */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
