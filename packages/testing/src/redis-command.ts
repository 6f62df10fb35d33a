import { connect } from 'node:net';

/**
 * Runs one command on a redis-server of loopback: words without spaces, on a connection of its own. Returns the reply
 * as text; rejects on an error reply or when there is none within 2 s.
 */
export function redisCommand(port: number, ...words: readonly (string | number)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${words.join(' ')}\r\n`));
    let reply = '';
    const end = (settle: () => void) => {
      socket.destroy();
      settle();
    };
    socket.setTimeout(2_000, () => end(() => reject(new Error(`redis-server doesn't answer ${words[0]}`))));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('redis-server closed the connection')));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      reply += chunk;
      const whole = wholeReply(reply);
      if (whole === undefined) return;
      end(() => (reply.startsWith('-') ? reject(new Error(whole)) : resolve(whole)));
    });
  });
}

/** A simple or bulk string, a number, an error; undefined while it isn't complete. */
function wholeReply(reply: string): string | undefined {
  const lineEnd = reply.indexOf('\r\n');
  if (lineEnd === -1) return undefined;
  const head = reply.slice(1, lineEnd);
  if (!reply.startsWith('$') || head === '-1') return head;
  const body = Buffer.from(reply.slice(lineEnd + 2));
  return body.length < Number(head) + 2 ? undefined : body.toString('utf8', 0, Number(head));
}
