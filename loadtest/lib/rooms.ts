import { sleep } from 'k6';
import { type Answer, ControlPlane, inWords, isPassing } from './control-plane.ts';
import type { LoadSettings } from './pure/settings.ts';
import { roomsOfTokens } from './token-file.ts';

/** The rooms of a test. */
export type Rooms = { readonly arns: readonly string[]; readonly areOurs: boolean };

/** A room may have as many messages a second as a room may have upstream. */
const mostPerRoom = 100;
const defaultPerRoom = 10;
const patienceSeconds = 120;

/** The rooms that are given or in the file of tokens, or new ones. For setup(). */
export function openRooms(settings: LoadSettings): Rooms {
  const given = settings.TOKENS === '' ? settings.ROOM_ARNS : roomsOfTokens();
  if (given.length > 0) return { arns: given, areOurs: false };
  const controlPlane = new ControlPlane(settings);
  // Twice the rate: two messages of a steady rate may come within one second and none in the next.
  const rate = Math.max(
    defaultPerRoom,
    Math.min(Math.ceil(settings.RATE * 2), Math.max(mostPerRoom, settings.RATE)),
  );
  const arns = Array.from({ length: settings.ROOMS }, () => {
    const answer = patiently(() =>
      controlPlane.callNow('CreateRoom', { name: 'loadtest', maximumMessageRatePerSecond: rate }),
    );
    if (answer.status !== 200) throw new Error(`CreateRoom: ${inWords(answer)}`);
    return String(answer.body['arn']);
  });
  return { arns, areOurs: true };
}

/** Deletes the rooms that openRooms made. For teardown(). */
export function closeRooms(settings: LoadSettings, rooms: Rooms): void {
  if (!rooms.areOurs) return;
  const controlPlane = new ControlPlane(settings);
  for (const identifier of rooms.arns) {
    const answer = patiently(() => controlPlane.callNow('DeleteRoom', { identifier }));
    if (answer.status !== 204) console.error(`DeleteRoom ${identifier}: ${inWords(answer)}`);
  }
}

/** An account may call a room operation 5 times a second. */
function patiently(call: () => Answer): Answer {
  for (const deadline = Date.now() + patienceSeconds * 1000; ; sleep(0.25)) {
    const answer = call();
    if (!isPassing(answer) || Date.now() > deadline) return answer;
  }
}
