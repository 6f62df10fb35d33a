import { setTimeout as delay } from 'node:timers/promises';
import { type Load, openLoad } from '../load.ts';
import type { Figure } from '../measure.ts';
import type { RunningPeer } from '../peers/peer.ts';
import { serversKb } from '../usage.ts';
import { idlers } from './crowd.ts';
import type { Workload } from './workload.ts';

/** The descriptor limit of one process here is 20,000. */
const connections = 18_000;
/** Few, so that memory they leave behind doesn't hide what the others take. */
const warmUp = 200;
/** For the garbage of the handshakes to go, as far as the server sees a reason. */
const settleMs = 10_000;

/** Memory of one process with 18,000 connections that do nothing. */
export const idleMemory: Workload = {
  name: 'idle-memory',
  about: `${connections} idle connections on one process`,
  run: async (peer) => {
    await (await openIdle(peer, warmUp)).stop();
    await delay(settleMs);
    const [beforeKb = 0] = serversKb(peer);
    const load = await openIdle(peer, connections);
    try {
      await load.generator.run({ seconds: settleMs / 1000, rates: [0] });
      const [afterKb = 0] = serversKb(peer);
      const { open } = await load.generator.run({ seconds: 0.1, rates: [0] });
      return figures(beforeKb, afterKb, open);
    } finally {
      await load.stop();
    }
  },
};

async function openIdle(peer: RunningPeer, count: number): Promise<Load> {
  const load = await openLoad(peer);
  await load.add(idlers(count));
  await load.open();
  return load;
}

function figures(beforeKb: number, afterKb: number, open: number): readonly Figure[] {
  return [
    ['connections', open],
    ['KB of RSS per connection', (afterKb - beforeKb) / open],
    ['RSS before, MB', beforeKb / 1024],
    ['RSS with them, MB', afterKb / 1024],
  ];
}
