import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@roomstream/testing/eventually';
import { assertLogged } from './logged-lines.ts';
import { type LoggedPlace, roomOfId } from './logged-place.ts';

/**
 * Waits until a place holds exactly what was received in each room, and nothing of any other room; returns how many
 * records it holds twice or more.
 */
export async function assertPlace(
  place: LoggedPlace,
  received: ReadonlyMap<string, readonly string[]>,
  withinMs = 60_000,
): Promise<number> {
  const roomOf = roomOfId(received);
  const deadline = performance.now() + withinMs;
  const all = [...received.values()].reduce((sum, texts) => sum + texts.length, 0);
  const lines = await eventually(async () => {
    const found = await place.read(roomOf);
    const count = [...found.values()].reduce((sum, some) => sum + new Set(some).size, 0);
    if (count < all && performance.now() < deadline) {
      // Reading is work for the services: not too often.
      await delay(200);
      throw new Error(`${place.name} has ${count} of ${all}`);
    }
    return found;
  }, withinMs);
  let doubles = 0;
  for (const [room, texts] of received) {
    doubles += assertLogged(texts, lines.get(room) ?? [], `${place.kind} ${place.name}, room ${room}`);
  }
  assert.deepEqual(
    [...lines.keys()].filter((room) => !received.has(room)),
    [],
    `${place.name} holds other rooms`,
  );
  return doubles;
}
