import { LambdaClient, type LambdaClientConfig } from '@aws-sdk/client-lambda';
import { Backoff } from '@roomstream/runtime/backoff';
import type { Log } from '@roomstream/runtime/log';

/** A key pair, or what looks one up. */
export type LambdaCredentials = NonNullable<LambdaClientConfig['credentials']>;

/** Credentials that the AWS SDK finds by itself: environment, files, container, instance. */
export type FoundCredentials = {
  readonly credentials: LambdaCredentials;
  /** Resolves when the first search has ended, well or not. */
  readonly searched: Promise<void>;
  close(): void;
};

/** The SDK renews them from five minutes before their end on, whenever they are asked for. */
const askAgainMs = 60_000;

/** Until there are some it is asked sooner. */
const leastPauseMs = 1_000;

/**
 * Looks for credentials ahead of the first message, and keeps them fresh while there are none: a search asks other servers,
 * and within an invocation that would be taken out of the handler's budget. Never rejects; without credentials invocations
 * fail, each as access-denied.
 */
export function findCredentials(region: string, log: Log): FoundCredentials {
  const client = new LambdaClient({ region });
  const { credentials } = client.config;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let hasFound = false;
  const backoff = new Backoff(leastPauseMs, askAgainMs);
  const askIn = (ms: number) => {
    if (!isClosed) timer = setTimeout(ask, ms).unref();
  };
  const ask = (): Promise<void> =>
    credentials().then(
      ({ expiration }) => {
        hasFound = true;
        if (expiration !== undefined) askIn(askAgainMs);
      },
      (err: unknown) => {
        log.debug({ err }, 'no credentials for AWS Lambda');
        askIn(hasFound ? askAgainMs : backoff.nextMs());
      },
    );
  return {
    credentials,
    searched: ask(),
    close: () => {
      isClosed = true;
      clearTimeout(timer);
      client.destroy();
    },
  };
}
