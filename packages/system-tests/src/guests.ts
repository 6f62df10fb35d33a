import assert from 'node:assert/strict';
import type { CreateRoomRequest } from '@aws-sdk/client-ivschat';
import type { FleetProcess } from '@roomstream/testing/fleet-process';
import type { FrameSocketOptions } from './frame-socket.ts';
import { connectRaw, type RawClient, type ServerFrame } from './raw-client.ts';
import type { Stage, StageRedis } from './stage.ts';

/** What a guest may do differently. */
export type GuestOptions = Omit<FrameSocketOptions, 'onText'> & {
  /** Behind the gateway's address: `?history=50`. */
  readonly query?: string;
};

/** A room of a test: who comes and goes in it, and a speaker who stays. */
export type GuestRoom = {
  /** The room's ARN. */
  readonly arn: string;
  /** The last part of the ARN. */
  readonly id: string;
  readonly speaker: RawClient;
  /** Connects a user to a gateway. */
  enter(userId: string, gateway: FleetProcess, options?: GuestOptions): Promise<RawClient>;
  /** Lets the speaker say these, each once the one before is confirmed; their Ids. */
  say(...contents: readonly string[]): Promise<readonly string[]>;
  /** Lets the speaker say `word`, and gives all that the guest has received up to it: what comes late is in there too. */
  heardUpTo(word: string, guest: RawClient): Promise<readonly ServerFrame[]>;
};

/** Speakers of guest rooms say as much as a test wants, as fast as it goes: a quota that their stages must raise. */
export const guestQuotas = { roomMessagesPerSecond: 10_000 } as const;

/** What ends a test's connections. */
export type Ending = { after(end: () => unknown): void };

/** Opens a room whose speaker is at the given gateway; the stage has `guestQuotas`. */
export async function openGuestRoom<R extends StageRedis>(
  t: Ending,
  stage: Stage<R>,
  at: FleetProcess,
  room: CreateRoomRequest = {},
): Promise<GuestRoom> {
  const arn = await stage.api.createRoom({
    maximumMessageRatePerSecond: guestQuotas.roomMessagesPerSecond,
    ...room,
  });
  const enter: GuestRoom['enter'] = async (userId, gateway, { query = '', ...options } = {}) => {
    const token = await stage.api.token(arn, userId);
    const client = await connectRaw(`${gateway.url}/${query}`, token, options);
    t.after(client.socket.destroy);
    return client;
  };
  const speaker = await enter('speaker', at);
  const say: GuestRoom['say'] = async (...contents) => {
    const ids: string[] = [];
    for (const content of contents) {
      const said = await speaker.say(content);
      assert.equal(said.Type, 'MESSAGE', said.ErrorMessage);
      ids.push(said.Id);
    }
    return ids;
  };
  return {
    arn,
    id: arn.split('/').at(-1) ?? '',
    speaker,
    enter,
    say,
    heardUpTo: async (word, guest) => {
      const [id] = await say(word);
      await guest.received((frame) => frame.Id === id);
      const frames = guest.frames();
      return frames.slice(0, frames.findIndex((frame) => frame.Id === id) + 1);
    },
  };
}

/** Contents of the messages, in order. */
export function contentsOf(frames: readonly ServerFrame[]): readonly string[] {
  return frames.flatMap(({ Content: content }) => content ?? []);
}

/** Words of a test: `a0` to `a9`. */
export function words(name: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, n) => `${name}${n}`);
}

/**
 * The messages are those that were missed, in order and once, and before them at most the last of those that may have
 * been missed as well.
 */
export function assertRecovered(
  frames: readonly ServerFrame[],
  missed: readonly string[],
  perhapsMissed: readonly string[] = [],
): void {
  const contents = contentsOf(frames);
  const more = contents.length - missed.length;
  assert.ok(more <= perhapsMissed.length && more >= 0, `received ${contents}, missed ${missed}`);
  assert.deepEqual(contents, [...perhapsMissed.slice(perhapsMissed.length - more), ...missed]);
}
