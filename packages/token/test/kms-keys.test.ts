import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import type { Surroundings } from '@roomstream/runtime/service';
import { eventually } from '@roomstream/testing/eventually';
import { type Moto, startMoto } from '@roomstream/testing/moto';
import { type FaultProxy, startProxy } from '@roomstream/testing/proxy';
import { pythonTools } from '@roomstream/testing/python-tools';
import { needs } from '@roomstream/testing/tools';
import { aToken, openKeys, surroundings } from './fixtures.ts';

describe('keys wrapped by KMS', { skip: needs('python3') }, () => {
  let moto: Moto;
  let proxy: FaultProxy;
  let keyId: string;
  let otherKeyId: string;

  before(async () => {
    const tools = (await pythonTools()) ?? assert.fail('python3 without venv');
    process.env['AWS_ACCESS_KEY_ID'] = 'test';
    process.env['AWS_SECRET_ACCESS_KEY'] = 'test';
    moto = await startMoto(tools);
    proxy = await startProxy({ port: Number(new URL(moto.url).port) });
    const client = new KMSClient({ endpoint: moto.url, region: 'us-west-2' });
    const create = async () => (await client.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? '';
    [keyId, otherKeyId] = [await create(), await create()];
    client.destroy();
  });

  after(async () => {
    await proxy?.close();
    await moto?.stop();
  });

  /** Settings that reach moto through the proxy. */
  const environment = (further: Record<string, string> = {}) => ({
    ROOMSTREAM_KMS_KEY_ID: keyId,
    ROOMSTREAM_KMS_ENDPOINT: `http://127.0.0.1:${proxy.port}`,
    ...further,
  });

  test('a token sealed by one process opens in another, synchronously once the key is known', async (t) => {
    const sealer = await openKeys(t, environment());
    const opener = await openKeys(t, environment());
    const token = aToken({ attributes: { a: '"'.repeat(1023) } });
    const text = await sealer.seal(token);
    assert.match(text, /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/);
    assert.ok(text.length < 2_000, `${text.length}`);
    assert.ok(typeof sealer.seal(token) === 'string');
    assert.deepEqual(await opener.open(text), token);
    assert.deepEqual(opener.open(text), token);
    assert.deepEqual(sealer.open(text), token);
  });

  test('KMS is called once per key and process, however many tokens come at once', async (t) => {
    const [sealing, opening] = [surroundings(), surroundings()];
    const sealer = await openKeys(t, environment(), sealing);
    const opener = await openKeys(t, environment(), opening);
    const tokens = Array.from({ length: 50 }, () => aToken());
    const texts = await Promise.all(tokens.map((token) => sealer.seal(token)));
    assert.deepEqual(await Promise.all(texts.map((text) => opener.open(text))), tokens);
    for (const text of texts) assert.ok((await opener.open(text)) !== undefined);
    assert.deepEqual(await kmsCalls(sealing), { 'GenerateDataKey ok': 1 });
    assert.deepEqual(await kmsCalls(opening), { 'Decrypt ok': 1 });
  });

  test('a token of another deployment, by encryption context or by key, is refused', async (t) => {
    const sealer = await openKeys(t, environment());
    const text = await sealer.seal(aToken());
    const around = surroundings();
    const otherContext = await openKeys(t, environment({ ROOMSTREAM_KMS_DEPLOYMENT: 'staging' }), around);
    assert.equal(await otherContext.open(text), undefined);
    assert.equal(await otherContext.open(text), undefined);
    assert.deepEqual(await kmsCalls(around), { 'Decrypt refused': 1 }, 'the refusal is remembered');
    const otherKey = await openKeys(t, environment({ ROOMSTREAM_KMS_KEY_ID: otherKeyId }));
    assert.equal(await otherKey.open(text), undefined);
    const theirs = await otherKey.seal(aToken());
    assert.equal(await sealer.open(theirs), undefined);
  });

  test('every byte of the wrapped key, flipped, is refused with the same result', async (t) => {
    const keys = await openKeys(t, environment());
    const [header, body] = (await keys.seal(aToken())).split('.') as [string, string];
    const bytes = Buffer.from(header, 'base64url');
    for (let at = 0; at < bytes.length; at++) {
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      // Over the rate of unknown keys nobody is asked: then a while later.
      const text = `${bytes.toString('base64url')}.${body}`;
      await eventually(async () => assert.equal(await keys.open(text), undefined));
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    }
    const other = body.startsWith('A') ? 'B' : 'A';
    assert.equal(await keys.open(`${header}.${other}${body.slice(1)}`), undefined);
  });

  test('while KMS is away, sealing and opening go on; afterwards the data key is replaced again', async (t) => {
    const around = surroundings();
    const sealer = await openKeys(t, environment({ ROOMSTREAM_DATA_KEY_SECONDS: '2' }), around);
    const opener = await openKeys(t, environment());
    const starter = await openKeys(t, environment());
    const token = aToken();
    const first = await sealer.seal(token);
    assert.deepEqual(await opener.open(first), token);
    proxy.refuse();
    t.after(() => proxy.heal());
    await eventually(async () => ((await kmsCalls(around))['GenerateDataKey unavailable'] ?? 0) >= 2, 30_000);
    const during = sealer.seal(token);
    assert.ok(typeof during === 'string', 'sealing stays synchronous');
    assert.deepEqual(sealer.open(first), token);
    assert.deepEqual(opener.open(first), token);
    assert.deepEqual([sealer.notReady(), opener.notReady()], [[], []]);
    await assert.rejects(async () => starter.open(first), { name: 'KeysUnavailable' });
    await assert.rejects(async () => starter.seal(token), { name: 'KeysUnavailable' });
    assert.match(starter.notReady().join(), /KMS/);
    proxy.heal();
    const header = first.split('.')[0] as string;
    const isReplaced = async () => !(await sealer.seal(token)).startsWith(header);
    await eventually(isReplaced, 30_000);
    assert.deepEqual(sealer.open(first), token);
    await eventually(async () => assert.deepEqual(await starter.open(first), token), 30_000);
    assert.deepEqual(starter.notReady(), []);
  });

  test('a KMS that doesn’t answer hangs nobody', async (t) => {
    const sealer = await openKeys(t, environment());
    const text = await sealer.seal(aToken());
    const opener = await openKeys(t, environment());
    proxy.freeze();
    t.after(() => proxy.heal());
    const startMs = performance.now();
    await assert.rejects(async () => opener.open(text), { name: 'KeysUnavailable' });
    assert.ok(performance.now() - startMs < 10_000);
    assert.ok(typeof sealer.seal(aToken()) === 'string');
  });

  test('a flood of unknown keys reaches KMS at a bounded rate, and known keys go on', async (t) => {
    const around = surroundings();
    const keys = await openKeys(t, environment(), around);
    const token = aToken();
    const text = await keys.seal(token);
    const startMs = performance.now();
    let unavailable = 0;
    for (let round = 0; round < 20; round++) {
      const flood = Array.from({ length: 100 }, async () => {
        try {
          assert.equal(await keys.open(forged()), undefined);
        } catch (error) {
          assert.equal((error as Error).name, 'KeysUnavailable');
          unavailable++;
        }
      });
      assert.deepEqual(keys.open(text), token);
      await Promise.all(flood);
    }
    const seconds = (performance.now() - startMs) / 1000;
    const calls = Object.values(await kmsCalls(around)).reduce((sum, count) => sum + count, 0) - 1;
    assert.ok(calls >= 100 && calls <= 100 + 20 * seconds + 1, `${calls} calls in ${seconds} s`);
    assert.ok(unavailable > 0);
  });
});

function forged(): string {
  const header = Buffer.concat([Buffer.of(2), randomBytes(184)]);
  return `${header.toString('base64url')}.${randomBytes(100).toString('base64url')}`;
}

/** Calls by operation and outcome, without what there was none of. */
async function kmsCalls(around: Surroundings): Promise<Record<string, number>> {
  const metric = await around.registry.getSingleMetric('roomstream_token_kms_calls_total')?.get();
  const values = (metric?.values ?? []).filter(({ value }) => value > 0);
  return Object.fromEntries(
    values.map(({ labels, value }) => [`${labels['operation']} ${labels['outcome']}`, value]),
  );
}
