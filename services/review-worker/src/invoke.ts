import type { Settings } from '@roomstream/runtime/settings';
import type { HandlerPlace, HandlerTable } from './handler-table.ts';
import type { Invoke } from './invocation.ts';
import { openLambda } from './invoke-lambda.ts';
import { openWebhooks } from './invoke-webhook.ts';
import type { reviewWorkerSettings } from './settings.ts';

/** Invokes handlers wherever they live. */
export type Invoker = { readonly invoke: Invoke; close(): void };

type LambdaPlace = Extract<HandlerPlace, { kind: 'lambda' }>;

/** Opens what invokes handlers; `table` is asked at each invocation, for its file may change. */
export function openInvoker(
  settings: Pick<
    Settings<typeof reviewWorkerSettings>,
    | 'region'
    | 'lambdaEndpoint'
    | 'lambdaRegion'
    | 'lambdaAccessKeyId'
    | 'lambdaSecretAccessKey'
    | 'concurrency'
  >,
  table: () => HandlerTable,
): Invoker {
  const { concurrency } = settings;
  const webhooks = openWebhooks(concurrency, Date.now);
  const lambdas = new Map<string, ReturnType<typeof openLambda>>();
  const lambdaOf = (place: LambdaPlace) => {
    const address = {
      endpoint: place.endpoint ?? settings.lambdaEndpoint,
      region: place.region ?? settings.lambdaRegion ?? settings.region,
      credentials: place.credentials ?? credentialsOf(settings),
      concurrency,
    };
    const key = JSON.stringify(address);
    const lambda = lambdas.get(key) ?? openLambda(address);
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
    close: () => {
      webhooks.close();
      for (const lambda of lambdas.values()) lambda.close();
    },
  };
}

function credentialsOf({
  lambdaAccessKeyId: accessKeyId,
  lambdaSecretAccessKey: secretAccessKey,
}: Pick<Settings<typeof reviewWorkerSettings>, 'lambdaAccessKeyId' | 'lambdaSecretAccessKey'>) {
  return accessKeyId === undefined || secretAccessKey === undefined
    ? undefined
    : { accessKeyId, secretAccessKey };
}
