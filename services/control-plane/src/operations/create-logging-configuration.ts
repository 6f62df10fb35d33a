import { newId } from '@roomstream/protocol/ids';
import { allowOnAll } from '../access.ts';
import type { Call } from '../call.ts';
import { quotaExceeded } from '../errors.ts';
import type { Input, Output } from '../model/shapes.ts';
import { destinationOf } from './destination.ts';
import { renderLoggingConfiguration } from './render-logging-configuration.ts';

/** Creates a logging configuration; it is active at once. */
export async function createLoggingConfiguration(
  call: Call,
  input: Input<'CreateLoggingConfiguration'>,
): Promise<Output<'CreateLoggingConfiguration'>> {
  const tags = input.tags ?? {};
  allowOnAll(call, 'logging-configuration', { tags });
  const created = await call.services.store.loggingConfigurations.create(
    {
      account: call.caller.account,
      id: newId(),
      name: input.name ?? '',
      destination: destinationOf(input.destinationConfiguration),
      state: 'ACTIVE',
      tags,
    },
    call.quotas.loggingConfigurations,
  );
  if (created.kind === 'quota-exceeded') {
    throw quotaExceeded('LOGGING_CONFIGURATION', call.caller.account, call.quotas.loggingConfigurations);
  }
  return renderLoggingConfiguration(call, created.loggingConfiguration);
}
