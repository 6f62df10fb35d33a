import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { needs } from '@roomstream/testing/tools';
import { openLoad } from '../bench/load.ts';
import { faultsOf, measure } from '../bench/measure.ts';
import { frameBytes } from '../bench/peers/peer.ts';
import { peers } from '../bench/peers/peers.ts';
import { crowd } from '../bench/workloads/crowd.ts';

describe('the benchmark', { skip: needs('cc') }, () => {
  for (const peer of peers) {
    const skip = peer.missing ?? false;
    test(`speaks with ${peer.name}: every message arrives, in frames as long as the others'`, {
      skip,
    }, async (t) => {
      const running = await peer.start();
      t.after(running.stop);
      const load = await openLoad(running);
      t.after(load.stop);
      const targets = running.targets.length;
      await load.add([...crowd(targets, 0, 10, 2), ...crowd(targets, 1, 10, 1)]);
      await load.open();
      const { report } = await measure(running, load, { seconds: 1, rates: [60] });
      assert.equal(faultsOf(report), 'none');
      assert.deepEqual([report.sent, report.delivered], [60, 600]);
      const bytes = report.frameBytes / report.delivered;
      assert.ok(Math.abs(bytes - frameBytes) < 12, `${bytes} bytes`);
    });
  }
});
