import type { BusListener } from '@roomstream/bus/bus-listener';
import type { Received } from '@roomstream/bus/entry';
import { decodeReply } from '@roomstream/bus/reply';
import { errorCode } from '@roomstream/protocol/errors';
import type { Log } from '@roomstream/runtime/log';
import { actionOf } from './action-of.ts';
import type { Metrics } from './metrics.ts';
import type { Outgoing } from './outgoing.ts';
import type { Recovery } from './recovery/recovery.ts';
import type { ReplySessions } from './reply-sessions.ts';
import type { LocalRooms } from './rooms.ts';
import { closeCode, type Transport } from './transport.ts';

/** What fan-out works with. */
export type FanoutParts = {
  readonly rooms: LocalRooms;
  readonly outgoing: Pick<Outgoing, 'add' | 'between' | 'flush'>;
  readonly replySessions: Pick<ReplySessions, 'find'>;
  readonly recovery: Pick<Recovery, 'onFrame' | 'onProbe' | 'onGap'>;
  readonly transport: Pick<Transport, 'send' | 'end'>;
  readonly metrics: Pick<Metrics, 'delivered' | 'error' | 'gap'>;
  readonly log: Log;
};

/** Hands what the bus brings to the connections of its room; frames go through unparsed. */
export function openFanout(parts: FanoutParts): BusListener {
  const { rooms, outgoing, replySessions, recovery, transport, metrics, log } = parts;
  const frame = (entry: Received, ageMs: number) => {
    const room = rooms.find(entry.room);
    if (room === undefined) return;
    recovery.onFrame(room, entry);
    if (room.size === 0) return;
    outgoing.add(room, entry.body, ageMs);
    metrics.delivered(actionOf(entry.body), room.size);
  };
  const disconnect = (entry: Received) => {
    const room = rooms.find(entry.room);
    if (room === undefined) return;
    // Its event first.
    outgoing.flush(room);
    for (const session of rooms.disconnect(room, entry.body.toString())) {
      session.isExpelled = true;
      transport.end(session, closeCode.normal);
    }
  };
  /** The verdict on a message that review has denied: for the connection that sent it, and no other. */
  const reply = (entry: Received) => {
    const answer = decodeReply(entry.body);
    const session = answer === undefined ? undefined : replySessions.find(answer);
    if (answer === undefined || session === undefined) return;
    outgoing.between(session.room, () => transport.send(session, answer.frame));
    metrics.error(errorCode.notAcceptable);
  };
  return {
    onEntry: (entry, ageMs) => {
      switch (entry.kind) {
        case 'frame':
          return frame(entry, ageMs);
        case 'disconnect':
          return disconnect(entry);
        case 'room-changed':
          return rooms.invalidate(entry.room);
        case 'reply':
          return reply(entry);
        case 'probe':
        case 'answer':
          return recovery.onProbe(entry);
        default:
          entry.kind satisfies never;
      }
    },
    onGap: (lost, reason) => {
      metrics.gap(reason, lost.length);
      log.error(
        { rooms: lost.length, reason },
        'entries of rooms were lost; their connections may have missed frames',
      );
      for (const id of lost) {
        rooms.invalidate(id);
        const room = rooms.find(id);
        if (room !== undefined) recovery.onGap(room);
      }
    },
  };
}
