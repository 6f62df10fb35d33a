import type { BusListener } from '@roomstream/bus/bus-listener';
import type { Received } from '@roomstream/bus/entry';
import { decodeReply } from '@roomstream/bus/reply';
import { errorCode } from '@roomstream/protocol/errors';
import { eventName } from '@roomstream/protocol/events';
import type { Log } from '@roomstream/runtime/log';
import type { Action, Metrics } from './metrics.ts';
import type { ReplySessions } from './reply-sessions.ts';
import type { LocalRooms } from './rooms.ts';
import { closeCode, type Transport } from './transport.ts';

/** What fan-out works with. */
export type FanoutParts = {
  readonly rooms: LocalRooms;
  readonly replySessions: Pick<ReplySessions, 'find'>;
  readonly transport: Pick<Transport, 'publish' | 'send' | 'end'>;
  readonly metrics: Pick<Metrics, 'delivered' | 'error' | 'gap'>;
  readonly log: Log;
};

/** Hands what the bus brings to the connections of its room; frames go through unparsed. */
export function openFanout({ rooms, replySessions, transport, metrics, log }: FanoutParts): BusListener {
  const frame = (entry: Received) => {
    const room = rooms.find(entry.room);
    if (room === undefined) return;
    if (room.overlaps !== undefined) for (const frames of room.overlaps) frames.push(entry.body);
    if (room.size === 0) return;
    transport.publish(entry.room, entry.body);
    metrics.delivered(actionOf(entry.body), room.size);
  };
  const disconnect = (entry: Received) => {
    const room = rooms.find(entry.room);
    if (room === undefined) return;
    for (const session of rooms.disconnect(room, entry.body.toString())) {
      transport.end(session, closeCode.normal);
    }
  };
  /** The verdict on a message that review has denied: for the connection that sent it, and no other. */
  const reply = (entry: Received) => {
    const answer = decodeReply(entry.body);
    const session = answer === undefined ? undefined : replySessions.find(answer);
    if (answer === undefined || session === undefined) return;
    transport.send(session, answer.frame);
    metrics.error(errorCode.notAcceptable);
  };
  return {
    onEntry: (entry) => {
      switch (entry.kind) {
        case 'frame':
          return frame(entry);
        case 'disconnect':
          return disconnect(entry);
        case 'room-changed':
          return rooms.invalidate(entry.room);
        case 'reply':
          return reply(entry);
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
      for (const room of lost) rooms.invalidate(room);
    },
  };
}

/** Where `MESSAGE` or `EVENT` begins in every frame: `{"Type":"`. */
const typeOffset = 9;
const letterM = 'M'.charCodeAt(0);

/** The action that a frame is counted under. Messages, the many, are told by one byte; events are searched. */
export function actionOf(frame: Buffer): Action {
  if (frame[typeOffset] === letterM) return 'SEND_MESSAGE';
  if (frame.includes(`"EventName":"${eventName.deleteMessage}"`)) return 'DELETE_MESSAGE';
  return frame.includes(`"EventName":"${eventName.disconnectUser}"`) ? 'DISCONNECT_USER' : 'SEND_EVENT';
}
