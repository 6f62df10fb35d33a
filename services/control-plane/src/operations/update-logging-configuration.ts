import { openLoggingConfiguration } from '../access.ts';
import type { Call } from '../call.ts';
import { resourceNotFound } from '../errors.ts';
import type { Input, Output } from '../model/shapes.ts';
import { destinationOf } from './destination.ts';
import { renderLoggingConfiguration } from './render-logging-configuration.ts';

/**
 * Changes the fields that are present. Shippers read the record anew within a second or two; gateways know nothing of it
 * but its id, so no room is announced.
 */
export async function updateLoggingConfiguration(
  call: Call,
  input: Input<'UpdateLoggingConfiguration'>,
): Promise<Output<'UpdateLoggingConfiguration'>> {
  const { account, id } = await openLoggingConfiguration(call, input.identifier);
  const { name, destinationConfiguration } = input;
  const destination = destinationConfiguration && destinationOf(destinationConfiguration);
  const updated = await call.services.store.loggingConfigurations.update(account, id, (current) => ({
    ...current,
    name: name ?? current.name,
    destination: destination ?? current.destination,
  }));
  if (updated.kind === 'not-found') throw resourceNotFound('LOGGING_CONFIGURATION', id);
  return renderLoggingConfiguration(call, updated.loggingConfiguration);
}
