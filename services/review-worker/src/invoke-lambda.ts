import { InvokeCommand, LambdaClient, type LambdaClientConfig } from '@aws-sdk/client-lambda';
import type { FailureReason, Invocation, Invoke } from './invocation.ts';
import { keptConnections } from './kept-connections.ts';
import type { LambdaCredentials } from './lambda-credentials.ts';

/** Where functions are invoked. */
export type LambdaAddress = {
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly credentials: LambdaCredentials;
  /** Connections at most. */
  readonly concurrency: number;
};

/**
 * Steps of the SDK that do nothing here (a log that nobody reads, a header of functions that invoke themselves) or that no
 * handler needs (User-Agent, assembled anew each time): with the cached rest a tenth of an invocation's CPU.
 */
const needlessMiddleware = ['loggerMiddleware', 'recursionDetectionMiddleware', 'getUserAgentMiddleware'];

/** Invokes functions of AWS Lambda, or of anything that speaks its Invoke API. Asks for nothing before the first one. */
export function openLambda(address: LambdaAddress): { readonly invoke: Invoke; close(): void } {
  const client = new LambdaClient(configOf(address));
  for (const name of needlessMiddleware) client.middlewareStack.remove(name);
  return {
    invoke: async (uri, payload, signal) => {
      const command = new InvokeCommand({
        FunctionName: uri,
        InvocationType: 'RequestResponse',
        Payload: Buffer.from(payload),
      });
      try {
        const output = await client.send(command, { abortSignal: signal });
        if (output.FunctionError !== undefined) return { kind: 'function-error' };
        return { kind: 'answered', payload: output.Payload ?? new Uint8Array() };
      } catch (err) {
        return failureOf(err);
      }
    },
    close: () => client.destroy(),
  };
}

function configOf(address: LambdaAddress): LambdaClientConfig {
  const agent = keptConnections(address.concurrency);
  return {
    region: address.region,
    credentials: address.credentials,
    // The budget is over before a second try could end, and a handler may have run: each message asks once.
    maxAttempts: 1,
    // Nothing is added to the client's middleware after its first call.
    cacheMiddleware: true,
    requestHandler: { httpAgent: agent, httpsAgent: agent },
    ...(address.endpoint === undefined ? {} : { endpoint: address.endpoint }),
  };
}

const reasons: Readonly<Record<string, FailureReason>> = {
  TooManyRequestsException: 'throttled',
  ThrottlingException: 'throttled',
  ResourceNotFoundException: 'not-found',
  AccessDeniedException: 'access-denied',
  UnrecognizedClientException: 'access-denied',
  InvalidSignatureException: 'access-denied',
  ExpiredTokenException: 'access-denied',
  CredentialsProviderError: 'access-denied',
};

function failureOf(err: unknown): Invocation {
  const { name = '', $metadata } = err as { name?: string; $metadata?: { httpStatusCode?: number } };
  const reason = reasons[name] ?? reasonOfStatus($metadata?.httpStatusCode);
  return { kind: 'failed', reason, err };
}

/** The failure that an HTTP status says; statuses that say nothing particular, and none at all, are `unreachable`. */
export function reasonOfStatus(status: number | undefined): FailureReason {
  switch (status) {
    case 401:
    case 403:
      return 'access-denied';
    case 404:
      return 'not-found';
    case 429:
      return 'throttled';
    default:
      return 'unreachable';
  }
}
