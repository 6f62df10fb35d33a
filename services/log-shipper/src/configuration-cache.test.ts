import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLog } from '@roomstream/runtime/log';
import type { Destination, LoggingConfiguration } from '@roomstream/store/records';
import { eventually } from '@roomstream/testing/eventually';
import { ConfigurationCache, type Target } from './configuration-cache.ts';
import type { LogDestination } from './log-destination.ts';

const [account, id] = ['000000000000', 'configOneTwo'];
const bucket = (bucketName: string): Destination => ({ s3: { bucketName } });

function openCache() {
  const state = {
    nowMs: 0,
    destination: bucket('first') as Destination | undefined,
    isAway: false,
    loads: 0,
    moves: 0,
    made: 0,
  };
  const cache = new ConfigurationCache({
    load: async () => {
      state.loads++;
      if (state.isAway) throw new Error('away');
      const { destination } = state;
      return destination && ({ account, id, destination } as LoggingConfiguration);
    },
    destinationOf: (configuration) => {
      state.made++;
      return { kind: 's3', of: configuration } as unknown as LogDestination;
    },
    onLoaded: (_key, hasMoved) => {
      if (hasMoved) state.moves++;
    },
    nowMs: () => state.nowMs,
    log: openLog('test', 'silent'),
  });
  const get = (): Target | undefined => cache.get(account, id);
  return { state, get };
}

test('a configuration is known once it is read, and read again every second while it is asked for', async () => {
  const { state, get } = openCache();
  assert.equal(get(), undefined);
  await eventually(() => assert.equal(get()?.kind, 'known'));
  assert.equal(state.loads, 1);
  state.nowMs = 999;
  get();
  assert.equal(state.loads, 1);
  state.nowMs = 1_000;
  assert.equal(get()?.kind, 'known');
  assert.equal(state.loads, 2);
  await eventually(() => assert.equal(state.made, 1, 'the same destination is made once'));
});

test('another destination is used within two seconds, and told', async () => {
  const { state, get } = openCache();
  await eventually(() => assert.equal(get()?.kind, 'known'));
  const before = get();
  state.destination = bucket('second');
  state.nowMs = 1_900;
  assert.equal(get(), undefined, 'what may be wrong isn’t used');
  await eventually(() => assert.equal(state.moves, 1));
  assert.notEqual(get(), before);
});

test('a deleted configuration is gone', async () => {
  const { state, get } = openCache();
  await eventually(() => assert.equal(get()?.kind, 'known'));
  state.destination = undefined;
  state.nowMs = 5_000;
  await eventually(() => assert.equal(get()?.kind, 'gone'));
});

test('while records can’t be read the last state counts, and nothing is taken for deleted', async () => {
  const { state, get } = openCache();
  await eventually(() => assert.equal(get()?.kind, 'known'));
  state.isAway = true;
  state.nowMs = 60_000;
  await eventually(() => assert.equal(get()?.kind, 'known'));
  state.nowMs = 70_000;
  assert.equal(get()?.kind, 'known');
});
