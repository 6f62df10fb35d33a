import { type Load, openLoad } from '../load.ts';
import type { Figure } from '../measure.ts';
import type { RunningPeer } from '../peers/peer.ts';
import { usageOf, usageSince } from '../usage.ts';
import { idlers } from './crowd.ts';
import type { Workload } from './workload.ts';

const connections = 10_000;
const warmUp = 1_000;
const underWay = 256;

/** A crowd that comes back all at once, to one process. */
export const handshakes: Workload = {
  name: 'handshakes',
  about: `${connections} handshakes at once on one process`,
  run: async (peer) => {
    const warm = await prepare(peer, warmUp);
    await warm.open();
    await warm.stop();
    const load = await prepare(peer, connections);
    try {
      return await storm(peer, load);
    } finally {
      await load.stop();
    }
  },
};

async function storm(peer: RunningPeer, load: Load): Promise<readonly Figure[]> {
  const before = await usageOf(peer);
  const opened = await load.generator.open(0, underWay);
  const used = await usageSince(peer, before);
  return [
    ['handshakes/s', opened.opened / opened.seconds],
    ['failed', opened.failed],
    ['handshake p50, ms', opened.handshakeMs.p50],
    ['handshake p99, ms', opened.handshakeMs.p99],
    ['handshakes per CPU-second of the servers', opened.opened / used.servers],
    ['handshakes per CPU-second of the process', opened.opened / (used.each[0] ?? Number.NaN)],
    ['CPU of Redis, microseconds a handshake', (used.redis * 1e6) / opened.opened],
    ['CPU of the load generator, % of a core', (opened.cpuSeconds / opened.seconds) * 100],
  ];
}

async function prepare(peer: RunningPeer, count: number): Promise<Load> {
  const load = await openLoad(peer);
  await load.add(idlers(count));
  return load;
}
