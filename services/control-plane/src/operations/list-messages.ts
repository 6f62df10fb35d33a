import { tryFor } from '@roomstream/runtime/backoff';
import { hasHistory } from '@roomstream/store/history';
import { arnOf, openRoom } from '../access.ts';
import type { Call } from '../call.ts';
import { historyOff, internalError } from '../errors.ts';
import { JsonText } from '../json-text.ts';
import type { Input } from '../model/shapes.ts';
import { type MessagePosition, type ReadRoom, readMessagePage } from './message-page.ts';
import { defaultPage } from './page.ts';

/** For how long a read is tried again while Redis doesn't answer. */
const patienceMs = 1_000;

/**
 * Lists what was said in a room lately, newest first, as its clients got it; deleted messages are left out. An operation of
 * Roomstream's own.
 */
export async function listMessages(call: Call, input: Input<'ListMessages'>): Promise<JsonText> {
  const room = await openRoom(call, arnOf(call, 'room', input.roomId));
  if (!hasHistory(room)) throw historyOff(room.id);
  const { pageTokens, mostMessages, bus } = call.services;
  const withEvents = input.events === 'on';
  const filters = [room.id, withEvents ? 'on' : 'off'];
  const scope = { operation: 'ListMessages', account: room.account, filters };
  const from = input.nextToken ? pageTokens.open<MessagePosition>(scope, input.nextToken) : undefined;
  const most = input.maxResults ?? Math.min(defaultPage, mostMessages);
  const page = await readMessagePage(reading(call, room.id), bus.clock.nowMs(), { most, withEvents }, from);
  const next = page.next === undefined ? '' : `,"nextToken":"${pageTokens.seal(scope, page.next)}"`;
  // Frames are JSON already, and what clients got is what is shown.
  return new JsonText(`{"messages":[${page.frames.join(',')}]${next}}`);
}

function reading(call: Call, room: string): ReadRoom {
  const { bus, log } = call.services;
  return async (range) => {
    try {
      return await tryFor(patienceMs, () => bus.readRoom(room, range));
    } catch (err) {
      log.warn({ err, room }, 'a room could not be read');
      throw internalError();
    }
  };
}
