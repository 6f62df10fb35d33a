import { type Generator, startGenerator, type Viewer } from './generator.ts';
import type { RunningPeer } from './peers/peer.ts';

/** A generator with the rooms and tokens that its viewers need. */
export type Load = {
  readonly generator: Generator;
  /** Makes the rooms and adds the viewers, each with tokens for so many connections (1 by default). */
  add(viewers: readonly Viewer[], connections?: number): Promise<void>;
  /** Gives every viewer tokens for so many more connections. */
  supply(connections: number): Promise<void>;
  /** Opens all that isn't open; throws when that fails. */
  open(perSecond?: number): Promise<void>;
  stop(): Promise<void>;
};

/** Handshakes under way at once, as a browser crowd's would be; more isn't faster anywhere. */
const underWay = 128;

/** Starts a generator against the peer. */
export async function openLoad(peer: RunningPeer): Promise<Load> {
  const generator = await startGenerator(peer.dialect, peer.targets);
  generator.setContentBytes(peer.contentBytes);
  let added = 0;
  const rooms: number[] = [];
  return {
    generator,
    supply: async (connections) => {
      const orders = rooms.flatMap((room, n) =>
        Array.from({ length: connections }, () => ({ room, user: `viewer-${n}` })),
      );
      const tokens = (await peer.mint?.(orders)) ?? [];
      for (const [n, token] of tokens.entries()) generator.addToken(Math.floor(n / connections), token);
    },
    add: async (viewers, connections = 1) => {
      await peer.makeRooms(Math.max(...viewers.map(({ room }) => room)) + 1);
      const first = added;
      const orders = viewers.flatMap(({ room }, n) =>
        Array.from({ length: connections }, () => ({ room, user: `viewer-${first + n}` })),
      );
      const tokens = await peer.mint?.(orders);
      added += viewers.length;
      rooms.push(...viewers.map(({ room }) => room));
      generator.add(
        viewers,
        (n) => tokens?.slice((n - first) * connections, (n - first + 1) * connections) ?? [],
      );
    },
    open: async (perSecond = 0) => {
      const { failed, open, lastError } = await generator.open(perSecond, underWay);
      if (failed > 0 || open !== added) {
        throw new Error(
          `${open} of ${added} connections are open, ${failed} handshakes failed: ${lastError}`,
        );
      }
    },
    stop: generator.stop,
  };
}
