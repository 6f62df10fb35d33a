import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { needs } from '@roomstream/testing/tools';
import { assertPlace } from '../src/assert-place.ts';
import { destinationOf, idOf } from '../src/log-configurations.ts';
import { logServiceKinds } from '../src/log-service.ts';
import { type LogServices, logServicesEnv, startLogServices } from '../src/log-services.ts';
import { payloadOf } from '../src/logged-lines.ts';
import { type LoggedPlace, openPlace } from '../src/logged-place.ts';
import { connectRaw, type RawClient } from '../src/raw-client.ts';
import { openStage, type Stage } from '../src/stage.ts';

/** "take effect within a second or two", and what a loaded machine takes besides. */
const effectiveMs = 3_000;

describe('logging configurations change while everything runs', { skip: needs('python3') }, () => {
  let services: LogServices;
  let stage: Stage;
  let names = 0;

  before(async () => {
    services = await startLogServices();
    stage = await openStage({
      logShippers: 2,
      env: { ...logServicesEnv(services.urls), ROOMSTREAM_LOG_WINDOW_SECONDS: '2' },
    });
  });
  after(async () => {
    await stage?.close();
    await services?.close();
  });

  const place = (kind: LoggedPlace['kind'] & ('s3' | 'cloudwatch-logs' | 'firehose')) =>
    openPlace(stage.api, services, kind, `chat-logs-${++names}`);
  const arnsOf = (places: readonly LoggedPlace[]) => places.map(({ configuration }) => configuration.arn);

  type Context = { after(fn: () => void): void };
  type Meeting = { readonly room: string; readonly client: RawClient };

  async function meet(t: Context, places: readonly LoggedPlace[]): Promise<Meeting> {
    const room = await stage.api.createRoom({
      maximumMessageRatePerSecond: 100,
      loggingConfigurationIdentifiers: arnsOf(places),
    });
    const client = await connectRaw(stage.url(0), await stage.api.token(room, 'ann'));
    t.after(client.socket.destroy);
    return { room, client };
  }

  const attach = (room: string, places: readonly LoggedPlace[]) =>
    stage.api.client.updateRoom({ identifier: room, loggingConfigurationIdentifiers: arnsOf(places) });

  /** Says something every 100 ms from the moment of a change; each with the time since then. */
  async function sayFor(client: RawClient, ms: number) {
    const since = performance.now();
    const said: { readonly id: string; readonly afterMs: number }[] = [];
    while (performance.now() - since < ms) {
      const afterMs = performance.now() - since;
      const frame = await client.say(`${Math.round(afterMs)} ms later`);
      if (frame.Type === 'MESSAGE') said.push({ id: frame.Id, afterMs });
      // Below the rate of the room, and no wait for a condition: it is the time that counts here.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return said;
  }

  async function idsIn(where: LoggedPlace, { room }: Meeting): Promise<ReadonlySet<string>> {
    const lines = await where.read(() => idOf(room));
    return new Set([...lines.values()].flat().map((line) => payloadOf(line).Id));
  }

  /** A message that is logged for sure, or everything before it is not: what comes later stands behind it. */
  const shippedThrough = (where: LoggedPlace, meeting: Meeting, id: string) =>
    eventually(async () => assert.ok((await idsIn(where, meeting)).has(id), `${id} is not logged`), 30_000);

  test('a configuration that is attached counts for all that is sent two seconds later, and one that is detached for nothing', async (t) => {
    const logs = await place('cloudwatch-logs');
    const meeting = await meet(t, []);
    const { room, client } = meeting;
    const before = await client.say('nobody writes this down');
    await attach(room, [logs]);
    const said = await sayFor(client, effectiveMs + 1_000);
    await shippedThrough(logs, meeting, said.at(-1)?.id ?? '');
    const logged = await idsIn(logs, meeting);
    const firstMs = said.find(({ id }) => logged.has(id))?.afterMs ?? 0;
    t.diagnostic(`attached: in effect after ${Math.round(firstMs)} ms`);
    assert.ok(!logged.has(before.Id));
    for (const { id, afterMs } of said) {
      if (afterMs >= effectiveMs) assert.ok(logged.has(id), `not logged ${Math.round(afterMs)} ms later`);
    }
    const other = await place('cloudwatch-logs');
    // The other one shows when all was shipped.
    await attach(room, [other]);
    const unheard = await sayFor(client, effectiveMs + 1_000);
    await shippedThrough(other, meeting, unheard.at(-1)?.id ?? '');
    const still = await idsIn(logs, meeting);
    const lastMs = unheard.findLast(({ id }) => still.has(id))?.afterMs ?? 0;
    t.diagnostic(`detached: in effect after ${Math.round(lastMs)} ms`);
    assert.ok(lastMs < effectiveMs, `still logged ${Math.round(lastMs)} ms later`);
  });

  test('an updated configuration writes to its other destination within two seconds', async (t) => {
    const logs = await place('cloudwatch-logs');
    const next = `chat-logs-${++names}`;
    await services.make('cloudwatch-logs', next);
    const meeting = await meet(t, [logs]);
    await shippedThrough(logs, meeting, (await meeting.client.say('to the first')).Id);
    await stage.api.client.updateLoggingConfiguration({
      identifier: logs.configuration.arn,
      destinationConfiguration: destinationOf('cloudwatch-logs', next),
    });
    const said = await sayFor(meeting.client, effectiveMs + 1_000);
    const second = { ...(await placeNamed(next)), configuration: logs.configuration };
    await shippedThrough(second, meeting, said.at(-1)?.id ?? '');
    const [first, then] = [await idsIn(logs, meeting), await idsIn(second, meeting)];
    for (const { id, afterMs } of said) {
      assert.ok(first.has(id) || then.has(id), `lost ${Math.round(afterMs)} ms after the change`);
      if (afterMs >= effectiveMs) assert.ok(!first.has(id), `${Math.round(afterMs)} ms after the change`);
    }
  });

  test('an updated configuration writes to its other bucket, and loses nothing', async (t) => {
    const [first, second] = [await place('s3'), await place('s3')];
    const meeting = await meet(t, [first]);
    const before = await sayFor(meeting.client, 500);
    await stage.api.client.updateLoggingConfiguration({
      identifier: first.configuration.arn,
      destinationConfiguration: destinationOf('s3', second.name),
    });
    const said = await sayFor(meeting.client, effectiveMs + 1_000);
    await shippedThrough(second, meeting, said.at(-1)?.id ?? '');
    const all = new Set([...(await idsIn(first, meeting)), ...(await idsIn(second, meeting))]);
    for (const { id } of [...before, ...said]) assert.ok(all.has(id), 'lost');
  });

  test('a room is logged by three configurations at once, each of which has everything, and a fourth is refused', async (t) => {
    const places = [];
    for (const kind of logServiceKinds) places.push(await place(kind));
    const meeting = await meet(t, places);
    for (let n = 0; n < 20; n++) await meeting.client.say(`${n}`);
    const received = new Map([[idOf(meeting.room), meeting.client.roomTexts()]]);
    for (const one of places) assert.equal(await assertPlace(one, received), 0);
    const four = [...places, await place('s3')];
    await assert.rejects(attach(meeting.room, four), { name: 'ValidationException' });
  });

  test('a configuration that is created and one that is changed is ACTIVE, and stays so', async () => {
    const { configuration } = await place('s3');
    const get = () => stage.api.client.getLoggingConfiguration({ identifier: configuration.arn });
    assert.equal((await get()).state, 'ACTIVE');
    const destinationConfiguration = destinationOf('firehose', 'a-stream');
    const changed = await stage.api.client.updateLoggingConfiguration({
      identifier: configuration.arn,
      destinationConfiguration,
    });
    assert.equal(changed.state, 'ACTIVE');
    const found = await get();
    assert.deepEqual([found.state, found.destinationConfiguration], ['ACTIVE', destinationConfiguration]);
  });

  test('a configuration that is attached can’t be deleted, and can once it is not', async (t) => {
    const logs = await place('cloudwatch-logs');
    const { room } = await meet(t, [logs]);
    const remove = () => stage.api.client.deleteLoggingConfiguration({ identifier: logs.configuration.arn });
    await assert.rejects(remove(), { name: 'ConflictException' });
    await attach(room, []);
    await remove();
    await assert.rejects(remove(), { name: 'ResourceNotFoundException' });
  });

  test('a room that is deleted right after its last message, and its configurations with it, lose no record', async (t) => {
    const places = [];
    for (const kind of logServiceKinds) places.push(await place(kind));
    const meeting = await meet(t, places);
    const { room, client } = meeting;
    await Promise.all(Array.from({ length: 50 }, (_, n) => client.say(`${n}`)));
    await stage.api.client.deleteRoom({ identifier: room });
    for (const arn of arnsOf(places)) await stage.api.client.deleteLoggingConfiguration({ identifier: arn });
    const texts = client.roomTexts();
    assert.ok(texts.length >= 50);
    for (const one of places) assert.equal(await assertPlace(one, new Map([[idOf(room), texts]])), 0);
  });

  /** A log group that is there already. */
  async function placeNamed(name: string): Promise<LoggedPlace> {
    return openPlace(stage.api, services, 'cloudwatch-logs', name, { isMissing: true });
  }
});
