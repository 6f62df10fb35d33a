import type { ListPosition } from '@roomstream/store/record-walk';
import { allowOnAll, referredId } from '../access.ts';
import type { Call } from '../call.ts';
import { resourceNotFound } from '../errors.ts';
import type { Input, Output } from '../model/shapes.ts';
import { defaultPage } from './page.ts';
import { renderRoomSummary } from './render-room.ts';

/** Lists rooms, those updated last first; all given filters must match. */
export async function listRooms(call: Call, input: Input<'ListRooms'>): Promise<Output<'ListRooms'>> {
  allowOnAll(call, 'room');
  const { store, pageTokens } = call.services;
  const { account } = call.caller;
  const { name, loggingConfigurationIdentifier: configuration } = input;
  // An empty URI names no handler: it is a filter that was left empty.
  const uri = input.messageReviewHandlerUri === '' ? undefined : input.messageReviewHandlerUri;
  const scope = { operation: 'ListRooms', account, filters: [name, uri, configuration] };
  const after = input.nextToken ? pageTokens.open<ListPosition>(scope, input.nextToken) : undefined;
  const loggingConfigurationId =
    configuration === undefined ? undefined : await existingConfiguration(call, configuration);
  const filter = {
    ...(name !== undefined && { name }),
    ...(uri !== undefined && { messageReviewHandlerUri: uri }),
    ...(loggingConfigurationId !== undefined && { loggingConfigurationId }),
  };
  const page = await store.rooms.list(account, filter, input.maxResults ?? defaultPage, after);
  return {
    rooms: page.rooms.map((room) => renderRoomSummary(call, room)),
    nextToken: page.next && pageTokens.seal(scope, page.next),
  };
}

async function existingConfiguration(call: Call, arn: string): Promise<string> {
  const id = referredId(call, arn);
  const found = await call.services.store.loggingConfigurations.get(call.caller.account, id);
  if (found === undefined) throw resourceNotFound('LOGGING_CONFIGURATION', id);
  return id;
}
