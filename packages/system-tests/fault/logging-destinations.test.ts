import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@roomstream/testing/eventually';
import { type FaultProxy, startProxy } from '@roomstream/testing/proxy';
import { needs } from '@roomstream/testing/tools';
import { assertPlace } from '../src/assert-place.ts';
import { type LogEdge, startLogEdge } from '../src/log-edge.ts';
import type { LogFault } from '../src/log-faults.ts';
import { readLogErrors } from '../src/log-metrics.ts';
import { type LogServiceKind, logServiceKinds } from '../src/log-service.ts';
import { type LogServices, logServicesEnv, startLogServices } from '../src/log-services.ts';
import { type LoggedCrowd, openLoggedCrowd } from '../src/logged-crowd.ts';
import { readDelays } from '../src/logged-delays.ts';
import { assertOverwrittenOnly, readBucket } from '../src/logged-objects.ts';
import { type LoggedPlace, openPlace } from '../src/logged-place.ts';
import { spreadOf, spreadText } from '../src/quantiles.ts';
import { openStage, type Stage } from '../src/stage.ts';

const windowSeconds = 5;
/** "within 10 s"; S3 has its window, what is added to it, and as long again on a loaded machine. */
const mostDelayMs: Readonly<Record<LogServiceKind, number>> = {
  s3: windowSeconds * 1_000 + 1_000 + (windowSeconds * 1_000) / 4 + 10_000,
  'cloudwatch-logs': 10_000,
  firehose: 10_000,
};
/** How often metrics are read while something is awaited. */
const pollMs = 250;
/** What fails without end, and what fails since it isn't there. */
const faults: readonly (LogFault | 'missing')[] = [
  'error',
  'throttled',
  'access-denied',
  'reset',
  'cut',
  'hang',
  'missing',
];

describe('a destination that fails is retried until it has everything, and holds nothing else up', {
  skip: needs('python3'),
}, () => {
  let services: LogServices;
  let edges: Readonly<Record<LogServiceKind, LogEdge>>;
  let proxies: Record<LogServiceKind, FaultProxy>;
  let stage: Stage;

  before(async () => {
    services = await startLogServices();
    edges = await ofEach((kind) => startLogEdge(kind, services.urls[kind]));
    proxies = await ofEach((kind) => startProxy({ port: edges[kind].port }));
    const urls = await ofEach(async (kind) => `http://127.0.0.1:${proxies[kind].port}`);
    stage = await openStage({
      logShippers: 2,
      env: {
        ...logServicesEnv(urls),
        ROOMSTREAM_SHARDS: '16',
        ROOMSTREAM_LOG_WINDOW_SECONDS: `${windowSeconds}`,
        ROOMSTREAM_LOG_DELIVERY_SECONDS: '5',
        ROOMSTREAM_LOG_LIVE_DELIVERY_SECONDS: '5',
      },
    });
  });
  after(async () => {
    await stage?.close();
    for (const kind of logServiceKinds) {
      await proxies?.[kind].close();
      await edges?.[kind].close();
    }
    await services?.close();
  });

  const place = (kind: LogServiceKind, name: string, isMissing = false) =>
    openPlace(stage.api, services, kind, name, { isMissing });
  const createRoom = (places: readonly LoggedPlace[]) =>
    stage.api.createRoom({
      maximumMessageRatePerSecond: 100,
      loggingConfigurationIdentifiers: places.map(({ configuration }) => configuration.arn),
    });

  test('each fault of each service is counted by its name, and afterwards nothing is missing', async (t) => {
    const healthy = await ofEach((kind) => place(kind, `${kind}-works`));
    const broken: { place: LoggedPlace; kind: LogServiceKind; fault: LogFault | 'missing'; room: string }[] =
      [];
    for (const kind of logServiceKinds) {
      for (const fault of faults) {
        const its = await place(kind, `${kind}-${fault}`, fault === 'missing');
        const others = logServiceKinds.filter((other) => other !== kind).map((other) => healthy[other]);
        broken.push({ place: its, kind, fault, room: await createRoom([its, ...others]) });
      }
    }
    const sound = await createRoom(Object.values(healthy));
    const rooms = [sound, ...broken.map(({ room }) => room)];
    const crowd = await openLoggedCrowd(stage, rooms);
    t.after(crowd.leave);
    await crowd.talk({ messages: 300, perSecond: 100 });
    const calm = crowd.takeLatencies();

    const faultMs = Date.now();
    for (const { place: its, kind, fault } of broken) {
      if (fault !== 'missing') edges[kind].fail(its.name, fault);
    }
    const stop = crowd.keepTalking(150);
    const counted = await eventually(
      async () => {
        const errorsOf = await readLogErrors(stage);
        const all = broken.map(({ place: { configuration } }) => errorsOf(configuration.arn));
        for (const [n, { errors }] of all.entries())
          assert.ok(errors >= 2, `${broken[n]?.place.name}: ${errors}`);
        return all;
      },
      60_000,
      pollMs,
    );
    // As long as what is live may take, so that what is late shows.
    await delay(10_000);
    await stop();
    const healedMs = Date.now();
    for (const [n, { place: its, fault }] of broken.entries()) {
      const { accessDenied = 0, notFound = 0 } = counted[n] ?? {};
      assert.equal(accessDenied > 0, fault === 'access-denied', `${its.name}: ${accessDenied} access denied`);
      assert.equal(notFound > 0, fault === 'missing', `${its.name}: ${notFound} not found`);
    }
    const errorsOf = await readLogErrors(stage);
    for (const kind of logServiceKinds) {
      const { arn } = healthy[kind].configuration;
      const { errors, ...others } = errorsOf(arn);
      assert.deepEqual(others, { accessDenied: 0, notFound: 0 }, `${kind}, which works`);
      // A machine that is slow enough makes a request too slow.
      if (errors > 0) t.diagnostic(`${kind}, which works: ${shipperLogs(arn)}`);
    }
    assertUndisturbed(t, crowd, calm);

    for (const { place: its, kind, fault } of broken) {
      if (fault === 'missing') await services.make(kind, its.name);
      else edges[kind].heal(its.name);
    }
    const received = await crowd.finish();
    const some = (of: readonly string[]) =>
      new Map(of.map((arn) => [arn.slice(-12), received.get(arn.slice(-12)) ?? []]));
    for (const kind of logServiceKinds) {
      const without = broken.filter((one) => one.kind !== kind).map(({ room }) => room);
      await assertPlace(healthy[kind], some([sound, ...without]));
      await assertOnTime(t, healthy[kind], kind, faultMs, healedMs);
    }
    for (const { place: its, kind, room } of broken) {
      const doubles = await assertPlace(its, some([room]), 90_000);
      if (doubles > 0) t.diagnostic(`${its.name}: ${doubles} doubles`);
      if (kind !== 's3') continue;
      const overwrites = assertOverwrittenOnly(await readBucket(services.s3, its.name));
      if (overwrites > 0) t.diagnostic(`${its.name}: ${overwrites} overwrites`);
    }
    t.diagnostic(`caught up ${Math.round((Date.now() - healedMs) / 1000)} s after the end of the faults`);
  });

  for (const kind of logServiceKinds) {
    test(`${kind} gone, then hanging with its connections open, holds up no other service`, async (t) => {
      const places = await ofEach((each) => place(each, `${each}-beside-${kind}`));
      const rooms = await Promise.all(Array.from({ length: 8 }, () => createRoom(Object.values(places))));
      const crowd = await openLoggedCrowd(stage, rooms);
      t.after(crowd.leave);
      await crowd.talk({ messages: 200, perSecond: 100 });
      const calm = crowd.takeLatencies();
      const stop = crowd.keepTalking(150);
      const { arn } = places[kind].configuration;
      const errorsNow = async () => (await readLogErrors(stage))(arn).errors;
      const failsAgain = async () => {
        const before = await errorsNow();
        await eventually(async () => assert.ok((await errorsNow()) > before), 60_000, pollMs);
      };
      const fromMs = Date.now();
      // Nobody listens: connections are refused.
      await proxies[kind].close();
      await failsAgain();
      await failsAgain();
      proxies[kind] = await startProxy({ port: edges[kind].port }, proxies[kind].port);
      proxies[kind].freeze();
      await failsAgain();
      const toMs = Date.now();
      await stop();
      proxies[kind].heal();
      assertUndisturbed(t, crowd, calm);
      const received = await crowd.finish();
      for (const each of logServiceKinds) {
        const doubles = await assertPlace(places[each], received, 90_000);
        if (doubles > 0) t.diagnostic(`${places[each].name}: ${doubles} doubles`);
        if (each !== kind) await assertOnTime(t, places[each], each, fromMs, toMs);
      }
      assertOverwrittenOnly(await readBucket(services.s3, places.s3.name));
    });
  }

  /** What shippers have logged of a logging configuration. */
  const shipperLogs = (arn: string) =>
    stage.fleet.logShippers
      .flatMap((shipper) => shipper.output().split('\n'))
      .filter((line) => line.includes(arn))
      .join('\n');

  /** Chat goes on as it was: no request is refused, and answers come as soon. */
  function assertUndisturbed(t: TestContext, crowd: LoggedCrowd, calm: readonly number[]): void {
    const busy = crowd.takeLatencies();
    t.diagnostic(
      `chat, p50 / p99 / most ms: ${spreadText(calm)} before, ${spreadText(busy)} with the faults (${busy.length} messages)`,
    );
    assert.deepEqual(crowd.errors(), []);
    // Far above what chat takes, on a machine that runs all of this at once.
    assert.ok(spreadOf(busy).p99 < 2_000, 'chat was slow');
  }

  async function assertOnTime(
    t: TestContext,
    its: LoggedPlace,
    kind: LogServiceKind,
    fromMs: number,
    toMs: number,
  ): Promise<void> {
    const delays = (await readDelays(its))
      .filter(({ sentMs }) => sentMs >= fromMs && sentMs < toMs)
      .map(({ delayMs }) => delayMs);
    assert.ok(delays.length > 0, `${its.name} has nothing of that time`);
    t.diagnostic(
      `${its.name}: delay of ${delays.length} records, p50 / p99 / most ms: ${spreadText(delays)}`,
    );
    const { p99, most } = spreadOf(delays);
    // The guarantee: the slowest record in S3, 99 of 100 in the others.
    const delayMs = kind === 's3' ? most : p99;
    assert.ok(delayMs < mostDelayMs[kind], `${its.name} was late: ${Math.round(delayMs)} ms`);
  }
});

async function ofEach<T>(make: (kind: LogServiceKind) => Promise<T>): Promise<Record<LogServiceKind, T>> {
  const [s3, logs, firehose] = [await make('s3'), await make('cloudwatch-logs'), await make('firehose')];
  return { s3, 'cloudwatch-logs': logs, firehose };
}
