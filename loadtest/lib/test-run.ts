import type { Counter } from 'k6/metrics';
import type { Options } from 'k6/options';
import { beginCounters } from './metrics.ts';
import type { Crowd } from './pure/seats.ts';
import type { LoadSettings } from './pure/settings.ts';
import { closeRooms, openRooms, type Rooms } from './rooms.ts';
import { roomsOfTokens } from './token-file.ts';

/** What setup() hands to every virtual user; times in milliseconds since the epoch. */
export type TestRun = {
  readonly rooms: Rooms;
  /** Messages begin. */
  readonly chatFromMs: number;
  /** Messages end. */
  readonly chatToMs: number;
  /** Connections close. */
  readonly endMs: number;
};

/** Options of every script. Without `throw` k6 logs a line for each request that fails while a server is away. */
export const runOptions: Options = { setupTimeout: '5m', teardownTimeout: '5m', throw: true };

/** Seconds before and while messages are sent. */
export type Times = { readonly before: number; readonly during: number };

/** Makes the rooms and fixes the times. For setup(). */
export function beginRun(settings: LoadSettings, times: Times, ...counters: readonly Counter[]): TestRun {
  beginCounters(...counters);
  const rooms = openRooms(settings);
  const chatFromMs = Date.now() + times.before * 1000;
  const chatToMs = chatFromMs + times.during * 1000;
  return { rooms, chatFromMs, chatToMs, endMs: chatToMs + settings.SETTLE * 1000 };
}

/** For teardown(). */
export function endRun(settings: LoadSettings, run: TestRun): void {
  closeRooms(settings, run.rooms);
}

/** How many rooms there will be. For the init context. */
export function roomCount(settings: LoadSettings): number {
  if (settings.TOKENS !== '') return roomsOfTokens().length;
  return settings.ROOM_ARNS.length === 0 ? settings.ROOMS : settings.ROOM_ARNS.length;
}

/** A connection may send 10 requests a second; half of that leaves room for a rate that isn't even. */
const mostPerChatter = 5;

/** The connections of a run; a room has as many chatters as its rate needs. */
export function crowdOf(settings: LoadSettings, moderators = 0): Crowd {
  return {
    rooms: roomCount(settings),
    chattersPerRoom: Math.ceil(settings.RATE / mostPerChatter),
    moderators,
    probes: settings.PROBES,
    viewers: settings.VIEWERS,
  };
}
