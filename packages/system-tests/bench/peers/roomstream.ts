import { everyCapability } from '../../src/api.ts';
import { openStage, type Stage } from '../../src/stage.ts';
import { sendOverLanes } from '../http-lanes.ts';
import { signedRequest } from '../signed-requests.ts';
import { frameBytes, type Peer, type RunningPeer, type TokenOrder } from './peer.ts';

/** Bytes around the content of a MESSAGE without attributes whose sender has a short name. */
const around = 172;
const lanes = 32;
const roomRate = 100_000;

/**
 * What an operator of a large deployment sets in the accounts file. Every quota stays finite, so that each rate is
 * counted as in production; tokens live long enough to be minted before the clock starts.
 */
export const raisedQuotas = {
  connections: 1_000_000,
  requestsPerConnectionPerSecond: 10_000,
  sendMessagePerSecond: 1_000_000,
  createChatTokenPerSecond: 1_000_000,
  roomOperationPerSecond: 1_000_000,
  roomMessagesPerSecond: roomRate,
  tokenLifeSeconds: 3_600,
};

/** Roomstream: two gateways and a control plane, with everything on. */
export const roomstream: Peer = {
  name: 'roomstream',
  about: 'Roomstream: two gateways, a control plane',
  start: async () => {
    const stage = await openStage({
      gateways: 2,
      accountQuotas: raisedQuotas,
      env: { ROOMSTREAM_QUOTAS: 'ivs', NODE_ENV: 'production' },
    });
    return runningRoomstream(stage);
  },
};

/** Beyond what other peers have: the stage itself. */
export type RunningRoomstream = RunningPeer & { readonly stage: Stage };

/** A stage as what the workloads ask; it stops with it. */
export function runningRoomstream(stage: Stage): RunningRoomstream {
  const { gateways, controlPlanes } = stage.fleet;
  const rooms: string[] = [];
  return {
    stage,
    dialect: 'ivs',
    targets: gateways.map(({ port }) => ({ host: '127.0.0.1', port })),
    servers: gateways.map(({ pid }) => pid),
    others: controlPlanes.map(({ pid }) => pid),
    redisPort: stage.redis.port,
    contentBytes: frameBytes - around,
    makeRooms: async (count) => {
      while (rooms.length < count) {
        const some = Array.from({ length: Math.min(lanes, count - rooms.length) }, () =>
          stage.api.createRoom({ maximumMessageRatePerSecond: roomRate }),
        );
        rooms.push(...(await Promise.all(some)));
      }
    },
    mint: (orders) => mintTokens(stage, rooms, orders),
    stop: stage.close,
  };
}

/** Requests that are ready to send, one for each token. */
export function tokenRequests(
  stage: Stage,
  rooms: readonly string[],
  orders: readonly TokenOrder[],
): Buffer[] {
  const host = `127.0.0.1:${portOf(stage)}`;
  return orders.map(({ room, user }) =>
    signedRequest(stage.fleet, host, 'CreateChatToken', {
      roomIdentifier: rooms[room],
      userId: user,
      capabilities: everyCapability,
      sessionDurationInMinutes: 180,
    }),
  );
}

async function mintTokens(
  stage: Stage,
  rooms: readonly string[],
  orders: readonly TokenOrder[],
): Promise<readonly string[]> {
  const answers = await sendOverLanes(portOf(stage), tokenRequests(stage, rooms, orders), lanes);
  return answers.map((answer) => (JSON.parse(answer) as { token: string }).token);
}

function portOf(stage: Stage): number {
  const [controlPlane] = stage.fleet.controlPlanes;
  if (controlPlane === undefined) throw new Error('the fleet has no control plane');
  return controlPlane.port;
}
