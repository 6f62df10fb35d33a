import type { AwsAccess } from './aws-access.ts';

/**
 * What all clients of the AWS SDK have in common: they ask once, for whoever delivers tries again with pauses of its own;
 * and connections are kept, without a bound of their own, so that requests which hang hold nobody else's back (how many
 * there are the deliveries under way decide).
 */
export function clientConfig({ region, endpoint, credentials }: AwsAccess) {
  const agent = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 64 };
  return {
    region,
    maxAttempts: 1,
    requestHandler: { httpAgent: agent, httpsAgent: agent, connectionTimeout: 5_000 },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

/** Runs `send`; at once a second time when the server had closed the connection, as it may do with one that was idle. */
export async function sendAgainIfClosed<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (err) {
    const code = (err as NodeJS.ErrnoException).code;
    if (code !== 'ECONNRESET' && code !== 'EPIPE') throw err;
    return send();
  }
}
