import { Cluster, type Redis } from 'ioredis';

/**
 * Lets the commands that one turn of the event loop sends over a connection share one system call. One for each was a
 * fifth of a gateway's time in a storm of handshakes, and a sixth of a control plane's in one of CreateChatToken.
 */
export function shareWrites(client: Redis | Cluster): void {
  if (client instanceof Cluster) client.on('+node', shareWritesOfNode);
  else shareWritesOfNode(client);
}

function shareWritesOfNode(redis: Redis): void {
  redis.on('connect', () => {
    const { stream } = redis;
    const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    let isCorked = false;
    const uncork = () => {
      isCorked = false;
      stream.uncork();
    };
    const writeLater = (...args: unknown[]) => {
      if (!isCorked) {
        isCorked = true;
        stream.cork();
        setImmediate(uncork);
      }
      return write(...args);
    };
    stream.write = writeLater as typeof stream.write;
  });
}
