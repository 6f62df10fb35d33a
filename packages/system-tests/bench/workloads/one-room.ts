import { highestRate } from '../highest-rate.ts';
import { openLoad } from '../load.ts';
import { figuresOf, measure } from '../measure.ts';
import { crowd } from './crowd.ts';
import type { Workload } from './workload.ts';

const viewers = 2_000;
const senders = 4;
const warmUpSeconds = 3;
/** A quiet room, and the two steady loads of the table. */
const steady = [2_000, 20_000, 100_000];

/** One room of 2,000. */
export const oneRoom: Workload = {
  name: 'one-room',
  about: `one room of ${viewers}`,
  run: async (peer, seconds) => {
    const load = await openLoad(peer);
    try {
      // Twice: an overload may cost connections, which are opened again.
      await load.add(crowd(peer.targets.length, 0, viewers, senders), 2);
      await load.open();
      await load.generator.run({ seconds: warmUpSeconds, rates: [10] });
      const figures = [];
      for (const rate of steady) {
        const measured = await measure(peer, load, { seconds, rates: [rate / viewers] });
        figures.push(...figuresOf(`${rate}/s`, measured));
        if (rate === steady[1]) {
          const { frameBytes, delivered } = measured.report;
          figures.push(['bytes of frames per delivery', frameBytes / delivered] as const);
        }
      }
      const search = { peer, load, deliveriesPerMessage: viewers, startPerSecond: 150_000, seconds };
      return [...figures, ...(await highestRate(search))];
    } finally {
      await load.stop();
    }
  },
};
