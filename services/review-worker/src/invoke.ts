import type { AwsAccess } from '@roomstream/runtime/aws-access';
import type { Log } from '@roomstream/runtime/log';
import type { HandlerPlace, HandlerTable } from './handler-table.ts';
import type { Invoke } from './invocation.ts';
import { openLambda } from './invoke-lambda.ts';
import { openWebhooks } from './invoke-webhook.ts';
import { type FoundCredentials, findCredentials } from './lambda-credentials.ts';

/** Invokes handlers wherever they live. */
export type Invoker = {
  readonly invoke: Invoke;
  /** Resolves when what invocations need beforehand has been looked for. */
  readonly prepared: Promise<void>;
  close(): void;
};

/** How handlers are invoked. */
export type InvokerOptions = {
  /** How Lambda is reached, where the table says nothing else. */
  readonly lambda: AwsAccess;
  /** Invocations at once at most. */
  readonly concurrency: number;
};

type LambdaPlace = Extract<HandlerPlace, { kind: 'lambda' }>;

/** Opens what invokes handlers; `table` is asked at each invocation, for its file may change. */
export function openInvoker(
  { lambda: access, concurrency }: InvokerOptions,
  table: () => HandlerTable,
  log: Log,
): Invoker {
  const webhooks = openWebhooks(concurrency, Date.now);
  const lambdas = new Map<string, ReturnType<typeof openLambda>>();
  const common = commonCredentials(access, log);
  const lambdaOf = (place: LambdaPlace) => {
    const address = {
      endpoint: place.endpoint ?? access.endpoint,
      region: place.region ?? access.region,
      concurrency,
    };
    const key = JSON.stringify([address, place.credentials]);
    const lambda =
      lambdas.get(key) ?? openLambda({ ...address, credentials: place.credentials ?? common.credentials });
    lambdas.set(key, lambda);
    return lambda;
  };
  return {
    invoke: (uri, payload, signal) => {
      const place = table().find(uri);
      return place.kind === 'webhook'
        ? webhooks.post(place, uri, payload, signal)
        : lambdaOf(place).invoke(uri, payload, signal);
    },
    prepared: common.searched,
    close: () => {
      common.close();
      webhooks.close();
      for (const lambda of lambdas.values()) lambda.close();
    },
  };
}

/** Those of the settings, or what the SDK finds. */
function commonCredentials({ credentials, region }: AwsAccess, log: Log): FoundCredentials {
  if (credentials === undefined) return findCredentials(region, log);
  return { credentials, searched: Promise.resolve(), close: () => undefined };
}
