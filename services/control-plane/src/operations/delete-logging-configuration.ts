import { openLoggingConfiguration } from '../access.ts';
import type { Call } from '../call.ts';
import { conflict, resourceNotFound } from '../errors.ts';
import type { Input, Output } from '../model/shapes.ts';

/** Deletes a logging configuration that no room has attached. */
export async function deleteLoggingConfiguration(
  call: Call,
  input: Input<'DeleteLoggingConfiguration'>,
): Promise<Output<'DeleteLoggingConfiguration'>> {
  const { account, id } = await openLoggingConfiguration(call, input.identifier);
  const outcome = await call.services.store.loggingConfigurations.delete(account, id);
  switch (outcome) {
    case 'deleted':
      return undefined;
    case 'not-found':
      throw resourceNotFound('LOGGING_CONFIGURATION', id);
    case 'attached':
      throw conflict(
        `Logging configuration ${id} is attached to a room and can't be deleted`,
        'LOGGING_CONFIGURATION',
        id,
      );
    default:
      return outcome satisfies never;
  }
}
