import { sendOverLanes } from '../http-lanes.ts';
import type { Figure } from '../measure.ts';
import type { RunningPeer } from '../peers/peer.ts';
import { type RunningRoomstream, tokenRequests } from '../peers/roomstream.ts';
import { usageOf, usageSince } from '../usage.ts';
import type { Workload } from './workload.ts';

const tokensInAll = 20_000;
const warmUp = 3_000;
/** Callers at a time, each on a kept-alive connection of its own. */
const lanes = 32;

/** CreateChatToken, each call with a signature of its own, made before the clock starts. */
export const tokens: Workload = {
  name: 'tokens',
  about: `${tokensInAll} CreateChatToken on one control plane`,
  isOursAlone: true,
  run: async (peer) => {
    const { stage } = peer as RunningPeer & Pick<RunningRoomstream, 'stage'>;
    const port = stage.fleet.controlPlanes[0]?.port ?? 0;
    const room = await stage.api.createRoom();
    const orders = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ room: 0, user: `viewer-${n}` }));
    await sendOverLanes(port, tokenRequests(stage, [room], orders(warmUp)), lanes);
    const requests = tokenRequests(stage, [room], orders(tokensInAll));
    const [before, ownBefore, start] = [await usageOf(peer), process.cpuUsage(), performance.now()];
    await sendOverLanes(port, requests, lanes);
    const seconds = (performance.now() - start) / 1000;
    const own = process.cpuUsage(ownBefore);
    const used = await usageSince(peer, before);
    const controlPlane = used.servers - used.each.reduce((sum, one) => sum + one, 0);
    const figures: readonly Figure[] = [
      ['CreateChatToken/s', tokensInAll / seconds],
      ['CreateChatToken per CPU-second of the control plane', tokensInAll / controlPlane],
      ['CPU of the control plane, % of a core', (controlPlane / seconds) * 100],
      ['CPU of Redis, % of a core', (used.redis / seconds) * 100],
      ['CPU of the caller, % of a core', (own.user + own.system) / 1e4 / seconds],
    ];
    return figures;
  },
};
