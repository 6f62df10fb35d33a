import assert from 'node:assert/strict';
import { type FrameSocket, openFrameSocket } from '@roomstream/system-tests/frame-socket';
import type { Stage } from '@roomstream/system-tests/stage';
import { eventually } from '@roomstream/testing/eventually';
import type { CostName } from '../src/costs.ts';
import { entryCost } from './entry-cost.ts';
import { inLanes } from './lanes.ts';
import { redisPushCost } from './redis-push.ts';
import { gatewayKb, type Usage, usedBy } from './usage.ts';

/** Figures by their name, in the units of `costs.ts`. */
export type Figures = Partial<Record<CostName, number>>;

const content = 'a message of ordinary length, as people write them in a chat beside a live stream';
const connections = 2_500;
const listeners = 1_000;
const rooms = 40;
const sendersPerRoom = 2;
/** Messages a second over all rooms: near what a gateway carries, since wake-ups for single messages cost more. */
const rate = 2_400;
const warmUpSent = 4_800;
const micro = 1e6;
const mostLateMs = 50;
/** As many as a room may have: the more records, the clearer their cost. */
const logsPerRoom = 3;
/** Tokens, handshakes (with their goodbye), and what a connection takes while it does nothing. */
export async function connectionCosts(stage: Stage): Promise<Figures> {
  const room = await stage.api.createRoom();
  const tokens: string[] = [];
  const mint = async () => {
    tokens.push(...(await inLanes(connections, 32, (n) => stage.api.token(room, `viewer-${n}`))));
  };
  const shake = async () => {
    const own = tokens.splice(0, connections);
    const sockets = await inLanes(connections, 64, (n) => openFrameSocket(stage.url(0), own[n]));
    await Promise.all(sockets.map((socket) => socket.close()));
  };
  // Once before, for the compiler of Node: a process lives longer than this run.
  await mint();
  const minting = await usedBy(stage, mint);
  const beforeKb = gatewayKb(stage);
  await shake();
  const shaking = await usedBy(stage, shake);
  return {
    tokenControlPlane: per(minting.controlPlane, connections),
    tokenRedis: per(minting.redis, connections),
    handshakeGateway: per(shaking.gateways[0], connections),
    handshakeRedis: per(shaking.redis, connections),
    gatewayBase: beforeKb / 1024,
  };
}

/** One room of many connections on one gateway: what a delivery costs. */
export async function deliveryCosts(stage: Stage): Promise<Figures> {
  const room = await stage.api.createRoom({ maximumMessageRatePerSecond: 100 });
  let received = 0;
  let bytes = 0;
  const onText = (payload: Buffer) => {
    received += 1;
    bytes = payload.length;
  };
  const sockets = await inLanes(listeners, 32, async (n) =>
    openFrameSocket(stage.url(0), await stage.api.token(room, `viewer-${n}`), { onText }),
  );
  const sent = 300;
  const used = await usedBy(stage, async () => {
    await speak(sockets.slice(0, 4), 20, sent);
    await eventually(() => assert.equal(received, sent * listeners), 60_000);
  });
  await Promise.all(sockets.map((socket) => socket.close()));
  return { delivery: per(used.gateways[0], sent * listeners), frameBytes: bytes };
}

/**
 * Small rooms on gateway 0: what a message costs, what it costs a gateway that doesn't need it, then what its log costs.
 * There is one shard, so that a gateway with any room reads all.
 */
export async function messageCosts(stage: Stage, delivery: number): Promise<Figures> {
  const sent = 14_400;
  await chat(stage, warmUpSent, []);
  const alone = await chat(stage, sent, []);
  const logs = await inLanes(logsPerRoom, 1, async (n) => {
    const destinationConfiguration = { s3: { bucketName: `measured-${n}` } };
    const { arn } = await stage.api.client.createLoggingConfiguration({ destinationConfiguration });
    return arn ?? '';
  });
  await chat(stage, warmUpSent, logs);
  const unlogged = await chat(stage, sent, []);
  const logged = await chat(stage, sent, logs);
  return {
    messageGateway: per(alone.gateways[0], sent) - sendersPerRoom * delivery,
    messageRedis: per(alone.redis, sent),
    entryGateway: await entryCost(stage),
    entryRedis: await redisPushCost(stage),
    recordShipper: per(logged.shipper, sent * logsPerRoom),
    recordRedis: per(logged.redis - unlogged.redis, sent * logsPerRoom),
  };
}

/** So many messages, each delivered to the senders of its room. */
async function chat(stage: Stage, sent: number, loggingConfigurationIdentifiers: string[]): Promise<Usage> {
  let received = 0;
  const onText = () => {
    received += 1;
  };
  const sockets = await inLanes(rooms, 1, async (n) => {
    const room = await stage.api.createRoom({
      maximumMessageRatePerSecond: 100,
      loggingConfigurationIdentifiers,
    });
    return inLanes(sendersPerRoom, 5, async (s) =>
      openFrameSocket(stage.url(0), await stage.api.token(room, `sender-${n}-${s}`), { onText }),
    );
  });
  const shipped = () => stage.logShipper(0).metric('roomstream_log_records_shipped_total');
  const shippedBefore = await shipped();
  const used = await usedBy(stage, async () => {
    await speak(sockets.flat(), rate, sent);
    await eventually(() => assert.equal(received, sent * sendersPerRoom), 60_000);
    if (loggingConfigurationIdentifiers.length > 0) {
      await eventually(
        async () =>
          assert.ok((await shipped()) >= shippedBefore + sent * loggingConfigurationIdentifiers.length),
        60_000,
      );
    }
  });
  await Promise.all(sockets.flat().map((socket) => socket.close()));
  return used;
}

/** `count` messages at a rate, the sockets taking turns; what is late is not caught up with, since rooms have limits. */
function speak(sockets: readonly FrameSocket[], perSecond: number, count: number): Promise<void> {
  const text = JSON.stringify({ Action: 'SEND_MESSAGE', Content: content });
  let last = performance.now();
  let due = 0;
  let sent = 0;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const now = performance.now();
      due = Math.min(count, due + (Math.min(now - last, mostLateMs) / 1000) * perSecond);
      last = now;
      for (; sent < Math.floor(due); sent++) sockets[sent % sockets.length]?.sendText(text);
      if (sent < count) return;
      clearInterval(timer);
      resolve();
    }, 2);
  });
}

/** CPU microseconds of one of `count`. */
function per(seconds: number | undefined, count: number): number {
  return ((seconds ?? 0) * micro) / count;
}
