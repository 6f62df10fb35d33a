import type { Tags } from '@roomstream/store/records';
import type { Tagged } from '../access.ts';
import type { Call } from '../call.ts';
import { resourceNotFound } from '../errors.ts';

/**
 * Replaces the tags of a resource by what `change` makes of them; the updateTime stays. An error of `change` stops it.
 * Gateways follow at once: a tag says whether a room has history.
 */
export async function changeTags(call: Call, tagged: Tagged, change: (tags: Tags) => Tags): Promise<void> {
  const { announcer, store } = call.services;
  const { rooms, loggingConfigurations } = store;
  const retag = <R extends { readonly tags: Tags }>(record: R): R => ({
    ...record,
    tags: change(record.tags),
  });
  const options = { keepUpdateTime: true };
  if (tagged.kind === 'room') {
    const { account, id } = tagged.room;
    const updated = await rooms.update(account, id, retag, options);
    if (updated.kind !== 'updated') throw resourceNotFound('ROOM', id);
    await announcer.announce(updated.room);
  } else {
    const { account, id } = tagged.configuration;
    const updated = await loggingConfigurations.update(account, id, retag, options);
    if (updated.kind !== 'updated') throw resourceNotFound('LOGGING_CONFIGURATION', id);
  }
}
