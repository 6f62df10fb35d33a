import type { IncomingMessage, ServerResponse } from 'node:http';

/** How long the rest of a request's body is read. */
const lingerMs = 2_000;
/** And how much of it: dropping costs little, but a fast sender could keep a core busy with it. */
const mostDroppedBytes = 64 * 1024 * 1024;

/**
 * Writes an answer's `body` (its head is written) at once, but ends the response only when the rest of the request's body
 * was read and dropped. Many clients write all before they read, and lose the answer to a broken pipe when the connection
 * is closed meanwhile, as Node does at the end of a response with `connection: close`. Cut off is who sends for more than
 * 2 s or more than 64 MB.
 */
export function endAfterBody(request: IncomingMessage, response: ServerResponse, body: string): void {
  const { socket } = request;
  if (socket.destroyed) return;
  response.write(body);
  let droppedBytes = 0;
  request.on('data', (chunk: Buffer) => {
    droppedBytes += chunk.length;
    if (droppedBytes > mostDroppedBytes) socket.destroy();
  });
  request.once('end', () => response.end());
  request.resume();
  // Runs on after the end: who doesn't read the answer mustn't hold the connection either.
  const cutOff = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(cutOff));
}
