import { background } from '@roomstream/runtime/background';
import type { LoggingConfiguration } from '@roomstream/store/records';
import { openLoggingConfiguration } from '../access.ts';
import type { Call, Services } from '../call.ts';
import { resourceNotFound } from '../errors.ts';
import type { Input, Output } from '../model/shapes.ts';
import { destinationOf } from './destination.ts';
import { defaultPage } from './page.ts';
import { renderLoggingConfiguration } from './render-logging-configuration.ts';

/** Changes the fields that are present. */
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
  const { loggingConfiguration } = updated;
  background(
    announceRooms(call.services, loggingConfiguration),
    call.services.log,
    'announcing rooms of a logging configuration',
  );
  return renderLoggingConfiguration(call, loggingConfiguration);
}

/** Tells of every room that logs by it; there may be as many as the account has, so the caller doesn't wait. */
async function announceRooms(services: Services, { account, id }: LoggingConfiguration): Promise<void> {
  const { rooms } = services.store;
  const filter = { loggingConfigurationId: id };
  let page = await rooms.list(account, filter, defaultPage);
  for (;;) {
    await Promise.all(page.rooms.map((room) => services.announcer.announce(room)));
    if (page.next === undefined) return;
    page = await rooms.list(account, filter, defaultPage, page.next);
  }
}
