import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { openBus } from '@roomstream/bus/bus';
import { newId } from '@roomstream/protocol/ids';
import { openLog } from '@roomstream/runtime/log';
import { parseRedisUrl } from '@roomstream/runtime/redis';
import { openFrameSocket } from '@roomstream/system-tests/frame-socket';
import type { Stage } from '@roomstream/system-tests/stage';
import { eventually } from '@roomstream/testing/eventually';
import { Registry } from 'prom-client';
import { inLanes } from './lanes.ts';
import { usedBy } from './usage.ts';

const perSecond = 10_000;
const measured = 60_000;
/** Publishes that wait for Redis at once: where it can't keep up, the rate is lower, and nothing is sent twice. */
const mostUnderWay = 400;
/** As the content of a message of ordinary length makes them. */
const frameBytes = 233;

/**
 * CPU microseconds of a gateway for an entry of a room that it has no connection in. Each gateway has one connection; entries
 * of other rooms are published beside them, each in a push of its own, so that nothing else is in the figure.
 */
export async function entryCost(stage: Stage): Promise<number> {
  const { gateways } = stage.fleet;
  const idlers = await inLanes(gateways.length, 1, async (n) =>
    openFrameSocket(stage.url(n), await stage.api.token(await stage.api.createRoom(), 'idler')),
  );
  const foreign = () =>
    Promise.all(gateways.map((gateway) => gateway.metric('roomstream_bus_foreign_entries_total')));
  const access = {
    redisUrl: parseRedisUrl(stage.redis.url),
    redisCaFile: undefined,
    redisSentinelPassword: undefined,
  };
  const bus = await openBus({ access, shards: 1, log: openLog('measure', 'warn'), registry: new Registry() });
  const rooms = Array.from({ length: 1_000 }, newId);
  let underWay = 0;
  const publishOne = async (room: string) => {
    underWay++;
    const entry = { account: '000000000000', room, id: newId(), body: 'x'.repeat(frameBytes) };
    const { kind } = await bus.publish([{ kind: 'frame', ...entry }]);
    if (kind !== 'published')
      throw new Error(`an entry is ${kind}: the machine does too much else, run it again`);
    underWay--;
  };
  const publish = async () => {
    const before = await foreign();
    const beganMs = performance.now();
    for (let begun = 0; begun < measured; await delay(1)) {
      const due = Math.min(measured, ((performance.now() - beganMs) / 1000) * perSecond);
      // A turn of the event loop for each: what one turn publishes shares a push.
      for (; begun < due && underWay < mostUnderWay; begun++, await turn()) {
        void publishOne(rooms[begun % rooms.length] as string);
      }
    }
    await eventually(async () => {
      const after = await foreign();
      if (after.some((count, n) => count < (before[n] ?? 0) + measured)) throw new Error('not all are read');
    }, 60_000);
  };
  // Once before, for the compiler of Node.
  await publish();
  const used = await usedBy(stage, publish);
  await bus.close();
  await Promise.all(idlers.map((socket) => socket.close()));
  const seconds = used.gateways.reduce((all, value) => all + value, 0);
  return (seconds * 1e6) / (measured * gateways.length);
}
