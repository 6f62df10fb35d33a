import { openLoad } from '../load.ts';
import { type Figure, figuresOf, measure } from '../measure.ts';
import { serversKb } from '../usage.ts';
import { crowd } from './crowd.ts';
import type { Workload } from './workload.ts';

const viewers = 2_000;
const senders = 4;
const slowShare = 0.05;
const rate = 100_000;
const warmUpSeconds = 3;

/** One room in which one of twenty connections reads nothing. */
export const slowReaders: Workload = {
  name: 'slow-readers',
  about: `one room of ${viewers}, ${slowShare * 100} % of whom read nothing`,
  run: async (peer, seconds) => {
    const load = await openLoad(peer);
    try {
      const fast = crowd(peer.targets.length, 0, viewers * (1 - slowShare), senders);
      const slow = crowd(peer.targets.length, 0, viewers * slowShare, 0);
      await load.add([...fast, ...slow.map((viewer) => ({ ...viewer, kind: 'slow' as const }))]);
      await load.open();
      await load.generator.run({ seconds: warmUpSeconds, rates: [10] });
      const before = serversKb(peer);
      const measured = await measure(peer, load, { seconds, rates: [rate / viewers] });
      const grown = serversKb(peer).reduce((sum, kb, n) => sum + kb - (before[n] ?? 0), 0);
      const more: readonly Figure[] = [
        ['slow connections cut', measured.report.slowCut],
        ['growth of RSS, MB', grown / 1024],
      ];
      return [...figuresOf('the fast ones', measured), ...more];
    } finally {
      await load.stop();
    }
  },
};
