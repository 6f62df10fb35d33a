import type { IncomingMessage } from 'node:http';

/** All bytes of the body of a request or an answer. Rejects when who sends it goes away before its end. */
export async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
