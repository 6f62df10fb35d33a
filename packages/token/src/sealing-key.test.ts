import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { openLog } from '@roomstream/runtime/log';
import { eventually } from '@roomstream/testing/eventually';
import { type DataKey, dataKey, type KeySource } from './data-key.ts';
import { SealingKey } from './sealing-key.ts';

const log = openLog('test', 'silent');

/** A source that can be taken away. */
class Source implements KeySource {
  readonly isProof = true;
  isAway = false;
  asked = 0;

  async create(): Promise<DataKey> {
    this.asked++;
    if (this.isAway) throw new Error('away');
    return dataKey(randomBytes(20), randomBytes(32));
  }

  find(): undefined {
    return undefined;
  }

  notReady(): readonly string[] {
    return [];
  }

  async close(): Promise<void> {
    this.isAway = true;
  }
}

test('a process that seals nothing asks for no key', async () => {
  const source = new Source();
  const sealing = new SealingKey(source, 1, () => undefined, log);
  await sealing.renew();
  await sealing.close();
  assert.equal(source.asked, 0);
});

test('those who need the first key share it, and then have it at once', async (t) => {
  const source = new Source();
  const sealing = new SealingKey(source, 3600, () => undefined, log);
  t.after(() => sealing.close());
  const keys = await Promise.all([sealing.key(), sealing.key(), sealing.key()]);
  assert.equal(new Set(keys).size, 1);
  assert.equal(source.asked, 1);
  assert.equal(sealing.key(), keys[0]);
});

test('the key is replaced before its time is over, and stays at hand meanwhile', async (t) => {
  const seen: DataKey[] = [];
  const sealing = new SealingKey(new Source(), 1, (key) => void seen.push(key), log);
  t.after(() => sealing.close());
  const first = await sealing.key();
  const next = await eventually(() => {
    const key = sealing.key();
    assert.ok(!(key instanceof Promise));
    return key !== first && key;
  });
  assert.deepEqual(seen.slice(0, 2), [first, next]);
});

test('while the source is away the last key goes on, and is replaced when the source is back', async (t) => {
  const source = new Source();
  const sealing = new SealingKey(source, 1, () => undefined, log);
  t.after(() => sealing.close());
  const first = await sealing.key();
  source.isAway = true;
  await eventually(() => source.asked >= 4);
  assert.equal(sealing.key(), first);
  source.isAway = false;
  await eventually(() => sealing.key() !== first);
});

test('without a first key the failure is told to all, and the source is asked again a little later', async (t) => {
  const source = new Source();
  source.isAway = true;
  const sealing = new SealingKey(source, 3600, () => undefined, log);
  t.after(() => sealing.close());
  for (let i = 0; i < 20; i++) await assert.rejects(async () => sealing.key(), /away/);
  assert.ok(source.asked <= 2);
  source.isAway = false;
  await eventually(async () => (await sealing.key()) !== undefined);
});
