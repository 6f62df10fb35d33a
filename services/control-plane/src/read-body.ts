import type { IncomingMessage } from 'node:http';
import { requestError } from './errors.ts';

/** Largest body in bytes (contract: "A request body may be 256 KB"). */
const mostBodyBytes = 256 * 1024;

/**
 * Reads a body as it came: the signature covers its bytes. Throws a ValidationException as soon as it is known to be
 * too large, without reading the rest.
 */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const announced = Number(request.headers['content-length'] ?? 0);
    if (announced > mostBodyBytes) {
      reject(requestError(`The body has ${announced} bytes, the limit is ${mostBodyBytes}`));
      return;
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    const take = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= mostBodyBytes) {
        chunks.push(chunk);
        return;
      }
      // Whoever deals with the rest must find nobody reading.
      request.off('data', take).pause();
      reject(requestError(`The body has more than the limit of ${mostBodyBytes} bytes`));
    };
    request.on('data', take);
    const cutOff = () => reject(requestError('The connection was closed before the body had ended'));
    request.once('close', cutOff);
    request.once('error', reject);
    request.once('end', () => {
      request.off('close', cutOff);
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
    });
  });
}
