import type { Tags } from '@roomstream/store/records';
import type { Tagged } from '../access.ts';
import type { Call } from '../call.ts';
import { resourceNotFound } from '../errors.ts';

/** Replaces the tags of a resource by what `change` makes of them; the updateTime stays. An error of `change` stops it. */
export async function changeTags(call: Call, tagged: Tagged, change: (tags: Tags) => Tags): Promise<void> {
  const { rooms, loggingConfigurations } = call.services.store;
  const retag = <R extends { readonly tags: Tags }>(record: R): R => ({
    ...record,
    tags: change(record.tags),
  });
  const options = { keepUpdateTime: true };
  if (tagged.kind === 'room') {
    const { account, id } = tagged.room;
    const updated = await rooms.update(account, id, retag, options);
    if (updated.kind !== 'updated') throw resourceNotFound('ROOM', id);
  } else {
    const { account, id } = tagged.configuration;
    const updated = await loggingConfigurations.update(account, id, retag, options);
    if (updated.kind !== 'updated') throw resourceNotFound('LOGGING_CONFIGURATION', id);
  }
}
