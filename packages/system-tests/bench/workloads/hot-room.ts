import { openLoad } from '../load.ts';
import { type Figure, figuresOf, type Measured, measure } from '../measure.ts';
import { crowd } from './crowd.ts';
import type { Workload } from './workload.ts';

const quietRooms = 1_000;
const viewersEach = 5;
/** Messages per second of all quiet rooms together. */
const quietRate = 200;
const hotViewers = 1_000;
const hotSenders = 4;
/** Deliveries per second in the hot room. */
const hotRate = 100_000;
const warmUpSeconds = 3;

/** What a hot room does to the quiet ones beside it. */
export const hotRoom: Workload = {
  name: 'hot-room',
  about: `one room of ${hotViewers} at ${hotRate}/s beside ${quietRooms} quiet rooms of ${viewersEach}`,
  run: async (peer, seconds) => {
    const load = await openLoad(peer);
    try {
      const hot = crowd(peer.targets.length, 0, hotViewers, hotSenders, 0);
      const quiet = Array.from({ length: quietRooms }, (_, n) =>
        crowd(peer.targets.length, n + 1, viewersEach, 1, 1),
      );
      await load.add([...hot, ...quiet.flat()]);
      await load.open();
      await load.generator.run({ seconds: warmUpSeconds, rates: [10, quietRate] });
      const alone = await measure(peer, load, { seconds, rates: [0, quietRate] });
      const beside = await measure(peer, load, { seconds, rates: [hotRate / hotViewers, quietRate] });
      return [
        ...quietLatency('quiet rooms alone', alone),
        ...quietLatency('quiet rooms beside the hot one', beside),
        ...figuresOf('all rooms', beside),
      ];
    } finally {
      await load.stop();
    }
  },
};

function quietLatency(label: string, { report }: Measured): readonly Figure[] {
  const latency = report.latencyMs[1];
  return [
    [`${label}: p50, ms`, latency?.p50 ?? 0],
    [`${label}: p99, ms`, latency?.p99 ?? 0],
    [`${label}: max, ms`, latency?.max ?? 0],
  ];
}
