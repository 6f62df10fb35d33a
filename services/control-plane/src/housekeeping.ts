import type { Bus } from '@roomstream/bus/bus';
import type { Log } from '@roomstream/runtime/log';
import { type Loop, startLoop } from '@roomstream/runtime/loop';
import type { Store } from '@roomstream/store/store';
import type { ControlPlaneMetrics } from './metrics.ts';
import type { RoomAnnouncer } from './room-announcer.ts';

/** How often streams are trimmed. */
const trimEveryMs = 10_000;
/** How often unused rooms are looked for. */
const sweepEveryMs = 3_600_000;

/** Removes from the streams what is older than `retentionMs`; several control planes may do so at once. */
export function startTrimmer(bus: Bus, metrics: ControlPlaneMetrics, retentionMs: number, log: Log): Loop {
  const trim = async () => metrics.trimmed(await bus.trim(retentionMs));
  return startLoop('trimming streams', trimEveryMs, trim, log);
}

/** Removes rooms that nobody has connected to or updated for `months`, and tells gateways. */
export function startRoomSweeper(
  store: Store,
  announcer: RoomAnnouncer,
  metrics: ControlPlaneMetrics,
  months: number,
  log: Log,
): Loop {
  const sweep = async () => {
    const removed = await store.rooms.removeUnused(monthsBefore(Date.now(), months), log);
    metrics.roomsRemoved(removed.length);
    for (const room of removed) await announcer.announce(room);
  };
  return startLoop('removing unused rooms', sweepEveryMs, sweep, log);
}

/** The same day and time `months` calendar months earlier, in milliseconds since the epoch. */
export function monthsBefore(nowMs: number, months: number): number {
  const date = new Date(nowMs);
  const day = date.getUTCDate();
  date.setUTCMonth(date.getUTCMonth() - months);
  // A month without that day: its last one.
  if (date.getUTCDate() !== day) date.setUTCDate(0);
  return date.getTime();
}
