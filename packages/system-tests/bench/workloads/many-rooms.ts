import { highestRate } from '../highest-rate.ts';
import { openLoad } from '../load.ts';
import { figuresOf, measure } from '../measure.ts';
import { crowd } from './crowd.ts';
import type { Workload } from './workload.ts';

const rooms = 500;
const viewersEach = 10;
const steady = 30_000;
const warmUpSeconds = 3;

/** 500 rooms of 10, where the cost is per message. */
export const manyRooms: Workload = {
  name: 'many-rooms',
  about: `${rooms} rooms of ${viewersEach}`,
  run: async (peer, seconds) => {
    const load = await openLoad(peer);
    try {
      const viewers = Array.from({ length: rooms }, (_, n) => crowd(peer.targets.length, n, viewersEach, 1));
      await load.add(viewers.flat(), 2);
      await load.open();
      await load.generator.run({ seconds: warmUpSeconds, rates: [rooms] });
      const measured = await measure(peer, load, { seconds, rates: [steady / viewersEach] });
      const search = { peer, load, deliveriesPerMessage: viewersEach, startPerSecond: 40_000, seconds };
      return [...figuresOf(`${steady}/s`, measured), ...(await highestRate(search))];
    } finally {
      await load.stop();
    }
  },
};
