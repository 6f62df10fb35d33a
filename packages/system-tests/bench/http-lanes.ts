import { connect, type Socket } from 'node:net';

/**
 * Sends HTTP requests that are ready as bytes over kept-alive connections, one at a time on each, and resolves with the
 * bodies in the order of the requests. Lighter than an HTTP client, so that the server is what is measured. Rejects on
 * the first answer that isn't 200.
 */
export async function sendOverLanes(
  port: number,
  requests: readonly Buffer[],
  lanes: number,
): Promise<readonly string[]> {
  const bodies: string[] = Array.from({ length: requests.length });
  let next = 0;
  const lane = async () => {
    const socket = connect(port, '127.0.0.1');
    socket.setNoDelay(true);
    try {
      for (let at = next++; at < requests.length; at = next++) {
        bodies[at] = await exchange(socket, requests[at] ?? Buffer.alloc(0));
      }
    } finally {
      socket.destroy();
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return bodies;
}

function exchange(socket: Socket, request: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const end = (settle: () => void) => {
      socket.removeAllListeners('data').removeAllListeners('error').removeAllListeners('close');
      // What comes after the settlement is told by the next exchange.
      socket.on('error', () => undefined);
      settle();
    };
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      const body = wholeBody(received);
      if (body === undefined) return;
      if (received.startsWith('HTTP/1.1 200 ')) end(() => resolve(body));
      else end(() => reject(new Error(`the control plane answers ${received}`)));
    });
    socket.once('error', (error) => end(() => reject(error)));
    socket.once('close', () => end(() => reject(new Error('the control plane closed the connection'))));
    socket.write(request);
  });
}

/** The body of an answer that is complete; ours all have a length. */
function wholeBody(received: string): string | undefined {
  const head = received.indexOf('\r\n\r\n');
  if (head === -1) return undefined;
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(received.slice(0, head + 2))?.[1]);
  const body = received.slice(head + 4);
  return body.length >= length ? body : undefined;
}
