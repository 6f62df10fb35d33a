import { openLoad } from '../load.ts';
import { type Figure, faultsOf, type Measured, measure } from '../measure.ts';
import { crowd } from './crowd.ts';
import type { Workload } from './workload.ts';

const rooms = 50;
const viewersEach = 200;
const replaceSeconds = 30;
/** Messages per second of all rooms together. */
const rate = 10;
const warmUpSeconds = 3;

/**
 * What stock clients cause that refresh at their token's expiry: every viewer opens a new connection every 30 s with a
 * new token, and closes the old one once the new one is open.
 */
export const refreshChurn: Workload = {
  name: 'refresh-churn',
  about: `${rooms * viewersEach} connections, each replaced every ${replaceSeconds} s`,
  run: async (peer, seconds) => {
    const load = await openLoad(peer);
    try {
      const viewers = Array.from({ length: rooms }, (_, n) => crowd(peer.targets.length, n, viewersEach, 1));
      await load.add(viewers.flat(), 2 + Math.ceil(seconds / replaceSeconds));
      // Not faster than it goes on: what the opening leaves behind is no part of the figure.
      await load.open(2_000);
      await load.generator.run({ seconds: warmUpSeconds, rates: [rate] });
      const calm = await measure(peer, load, { seconds, rates: [rate] });
      const churn = await measure(peer, load, { seconds, rates: [rate], replaceSeconds });
      return [...figures(calm, churn), ['p99 of deliveries, ms', churn.report.latencyMs[0]?.p99 ?? 0]];
    } finally {
      await load.stop();
    }
  },
};

function figures(calm: Measured, churn: Measured): readonly Figure[] {
  const { report, usage } = churn;
  const share = (measured: Measured) =>
    (Math.max(...measured.usage.each) / measured.report.tookSeconds) * 100;
  return [
    ['replaced a second', report.replaced / report.tookSeconds],
    ['faults', faultsOf(report)],
    ['CPU of the busiest process that holds connections, % of a core', share(churn)],
    ['the same without replacing', share(calm)],
    ['CPU of Redis, % of a core', (usage.redis / report.tookSeconds) * 100],
    ['handshake p99, ms', report.handshakeMs.p99],
  ];
}
