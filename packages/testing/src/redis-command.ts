import { connect } from 'node:net';

/**
 * Runs one command on a redis-server of loopback: words without spaces, on a connection of its own. Returns the reply
 * as text, an array's items as lines; rejects on an error reply or when there is none within 2 s.
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

/** A simple or bulk string, a number, an error, or an array of those as lines; undefined while it isn't complete. */
function wholeReply(reply: string): string | undefined {
  return readReply(Buffer.from(reply), 0)?.text;
}

function readReply(bytes: Buffer, from: number): { text: string; end: number } | undefined {
  const lineEnd = bytes.indexOf('\r\n', from);
  if (lineEnd === -1) return undefined;
  const kind = String.fromCharCode(bytes[from] ?? 0);
  const head = bytes.toString('utf8', from + 1, lineEnd);
  const start = lineEnd + 2;
  if (kind === '$' && head !== '-1') {
    const end = start + Number(head) + 2;
    return bytes.length < end ? undefined : { text: bytes.toString('utf8', start, end - 2), end };
  }
  if (kind !== '*') return { text: head, end: start };
  const lines: string[] = [];
  let end = start;
  for (let n = Number(head); n > 0; n--) {
    const item = readReply(bytes, end);
    if (item === undefined) return undefined;
    lines.push(item.text);
    end = item.end;
  }
  return { text: lines.join('\n'), end };
}
