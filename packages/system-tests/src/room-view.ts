import assert from 'node:assert/strict';
import type { RawClient } from './raw-client.ts';

/**
 * The verdict of the fault tests: every message whose sender saw it confirmed was received by all, once, and all saw
 * the same frames in the same order. Messages that were answered with an error may have been delivered or not, but
 * alike for all.
 */
export function assertSameView(clients: readonly RawClient[], confirmedIds: Iterable<string>): void {
  const [reference] = clients;
  assert.ok(reference !== undefined);
  const ids = idsOf(reference);
  assert.equal(new Set(ids).size, ids.length, 'a frame was delivered twice');
  for (const client of clients) assert.deepEqual(idsOf(client), ids, 'two clients saw different frames');
  const seen = new Set(ids);
  for (const id of confirmedIds) assert.ok(seen.has(id), `${id} was confirmed to its sender and is missing`);
  const texts = reference.roomTexts();
  for (const client of clients) assert.deepEqual(client.roomTexts(), texts);
}

/** Ids of the MESSAGE and EVENT frames, in order of arrival. */
export function idsOf(client: RawClient): readonly string[] {
  return client.frames().flatMap((frame) => (frame.Type === 'ERROR' ? [] : [frame.Id]));
}
