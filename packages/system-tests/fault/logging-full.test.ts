import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@roomstream/testing/eventually';
import { fleetAccount } from '@roomstream/testing/fleet';
import { needs } from '@roomstream/testing/tools';
import { assertPlace } from '../src/assert-place.ts';
import { idOf } from '../src/log-configurations.ts';
import { type LogEdge, startLogEdge } from '../src/log-edge.ts';
import { shipperMetric } from '../src/log-metrics.ts';
import { type LogServiceKind, logServiceKinds } from '../src/log-service.ts';
import { type LogServices, logServicesEnv, startLogServices } from '../src/log-services.ts';
import { openLoggedCrowd } from '../src/logged-crowd.ts';
import { type LoggedPlace, openPlace } from '../src/logged-place.ts';
import { residentKb } from '../src/process-usage.ts';
import { openStage, type Stage } from '../src/stage.ts';

/** Records that may wait. */
const most = 300;
const bufferBytes = 2 * 1024 * 1024;
/** Beyond what a shipper without anything to do has; measured: 40 to 90 MB, most of it code and garbage. */
const mostGrowthMb = 150;

describe('logs that can’t be written wait up to a limit', { skip: needs('python3') }, () => {
  let services: LogServices;
  let edges: Readonly<Record<LogServiceKind, LogEdge>>;

  before(async () => {
    services = await startLogServices();
    const edge = (kind: LogServiceKind) => startLogEdge(kind, services.urls[kind]);
    edges = {
      s3: await edge('s3'),
      'cloudwatch-logs': await edge('cloudwatch-logs'),
      firehose: await edge('firehose'),
    };
  });
  after(async () => {
    for (const kind of logServiceKinds) await edges?.[kind].close();
    await services?.close();
  });

  type Context = { after(fn: () => void | Promise<void>): void };

  const openFullStage = async (t: Context, env: Readonly<Record<string, string>>): Promise<Stage> => {
    const urls = {
      s3: edges.s3.url,
      'cloudwatch-logs': edges['cloudwatch-logs'].url,
      firehose: edges.firehose.url,
    };
    const stage = await openStage({ logShippers: 1, env: { ...logServicesEnv(urls), ...env } });
    t.after(stage.close);
    return stage;
  };

  const createRoom = (stage: Stage, places: readonly LoggedPlace[]) =>
    stage.api.createRoom({
      maximumMessageRatePerSecond: 100,
      loggingConfigurationIdentifiers: places.map(({ configuration }) => configuration.arn),
    });

  test('a full log refuses messages to its rooms or drops its oldest records, counted exactly; other rooms of the shard notice nothing', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'roomstream-accounts-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const accounts = join(folder, 'accounts.json');
    writeFileSync(accounts, '{"accounts":{}}');
    const stage = await openFullStage(t, {
      ROOMSTREAM_SHARDS: '1',
      ROOMSTREAM_LOG_BACKLOG_RECORDS: `${most}`,
      ROOMSTREAM_LOG_WHEN_FULL: 'block',
      ROOMSTREAM_ACCOUNTS_FILE: accounts,
    });
    const place = (kind: LogServiceKind, name: string) => openPlace(stage.api, services, kind, name);
    const blocking = await place('cloudwatch-logs', 'blocks');
    const dropping = await place('firehose', 'drops');
    const working = await place('cloudwatch-logs', 'works');
    const loggingConfigurations = { [dropping.configuration.id]: { whenFull: 'drop-oldest' } };
    writeFileSync(accounts, JSON.stringify({ accounts: { [fleetAccount]: { loggingConfigurations } } }));
    const [blocked, dropped, other, unlogged] = [
      await createRoom(stage, [blocking]),
      await createRoom(stage, [dropping]),
      await createRoom(stage, [working]),
      await createRoom(stage, []),
    ];
    edges['cloudwatch-logs'].fail('blocks', 'error');
    edges.firehose.fail('drops', 'error');
    const crowd = await openLoggedCrowd(stage, [blocked, dropped, other, unlogged]);
    t.after(crowd.leave);

    // `block`
    const stop = crowd.keepTalking(80, [blocked]);
    const others = crowd.keepTalking(40, [other, unlogged]);
    await eventually(() => assert.ok(crowd.errors(blocked).length >= 50), 60_000);
    const before = crowd.confirmed(other) + crowd.confirmed(unlogged);
    await eventually(
      () => assert.ok(crowd.confirmed(other) + crowd.confirmed(unlogged) >= before + 100),
      60_000,
    );
    await stop();
    assert.equal(crowd.confirmed(blocked), most, 'messages that fit');
    assert.deepEqual([...new Set(crowd.errors(blocked).map(({ ErrorCode }) => ErrorCode))], [429]);
    await assert.rejects(stage.api.client.sendEvent({ roomIdentifier: blocked, eventName: 'is it full?' }), {
      name: 'ThrottlingException',
    });

    // `drop-oldest`
    await crowd.talk({ messages: most * 2, perSecond: 80, rooms: [dropped] });
    // Until the gateways had read the file, `block` was in force; the queue wasn't full by then, or refused.
    const surplus = crowd.confirmed(dropped) - most;
    const ofDropping = `"${dropping.configuration.arn}"`;
    await eventually(
      async () =>
        assert.equal(
          await shipperMetric(stage, 'roomstream_log_records_dropped_total', `reason="backlog"`),
          surplus,
        ),
      20_000,
    );
    assert.equal(await shipperMetric(stage, 'roomstream_log_records_dropped_total', ofDropping), surplus);
    await others();
    assert.deepEqual([...crowd.errors(other), ...crowd.errors(unlogged)], []);

    // Metrics and logs name who is full.
    const shipper = stage.logShipper(0);
    for (const { arn } of [blocking.configuration, dropping.configuration]) {
      const labels = `"${arn}"`;
      await eventually(async () => {
        assert.equal(await shipper.metric('roomstream_log_backlog_records', labels), most);
        assert.equal(await shipper.metric('roomstream_log_backlog_full_ratio', labels), 1);
        assert.ok((await shipper.metric('roomstream_log_backlog_oldest_seconds', labels)) > 0);
      }, 20_000);
      const warnings = shipper
        .output()
        .split('\n')
        .filter((line) => line.includes(arn) && line.includes('full'));
      assert.ok(warnings.length >= 1, 'no warning names it');
    }
    assert.equal(
      (await shipper.metric('roomstream_log_backlog_full_ratio', `"${working.configuration.arn}"`)) < 0.8,
      true,
    );

    edges['cloudwatch-logs'].heal('blocks');
    edges.firehose.heal('drops');
    // A message before the first is shipped would cost one more.
    await eventually(
      async () => assert.equal(await shipper.metric('roomstream_log_backlog_records'), 0),
      90_000,
    );
    const received = await crowd.finish();
    const of = (room: string) => received.get(idOf(room)) ?? [];
    assert.equal(of(blocked).length, most + 1);
    await assertPlace(blocking, new Map([[idOf(blocked), of(blocked)]]));
    await assertPlace(working, new Map([[idOf(other), of(other)]]));
    await assertPlace(dropping, new Map([[idOf(dropped), of(dropped).slice(surplus)]]));
    t.diagnostic(
      `${crowd.errors(blocked).length} messages refused, ${surplus} of ${of(dropped).length} records dropped`,
    );
  });

  test('the memory of a shipper is bounded while much more waits than its buffer holds', async (t) => {
    const stage = await openFullStage(t, {
      ROOMSTREAM_SHARDS: '8',
      ROOMSTREAM_LOG_WINDOW_SECONDS: '1',
      ROOMSTREAM_LOG_BUFFER_BYTES: `${bufferBytes}`,
      ROOMSTREAM_LOG_BATCH_BYTES: `${bufferBytes / 4}`,
      ROOMSTREAM_LOG_DELIVERY_SECONDS: '2',
      ROOMSTREAM_LOG_LIVE_DELIVERY_SECONDS: '2',
    });
    const places: LoggedPlace[] = [];
    for (const kind of logServiceKinds) {
      places.push(await openPlace(stage.api, services, kind, 'hangs'));
      edges[kind].fail('hangs', 'hang');
    }
    const rooms = await Promise.all(Array.from({ length: 20 }, () => createRoom(stage, places)));
    const crowd = await openLoggedCrowd(stage, rooms, 450);
    t.after(crowd.leave);
    const shipper = stage.logShipper(0);
    await crowd.talk({ messages: 100, perSecond: 100 });
    const baseKb = residentKb(shipper.pid);
    let [mostKb, mostBuffered, mostWaiting, isDone] = [0, 0, 0, false];
    const watch = async () => {
      while (!isDone) {
        mostKb = Math.max(mostKb, residentKb(shipper.pid));
        mostBuffered = Math.max(mostBuffered, await shipper.metric('roomstream_log_buffer_bytes'));
        mostWaiting = Math.max(mostWaiting, await shipper.metric('roomstream_log_backlog_records'));
        await delay(100);
      }
    };
    const watching = watch();
    await crowd.talk({ messages: 15_000, perSecond: 1_500 });
    // The metric is as old as the last poll.
    await eventually(() => assert.ok(mostWaiting >= 3 * 15_000, `${mostWaiting} wait`), 20_000);
    for (const kind of logServiceKinds) edges[kind].heal('hangs');
    const received = await crowd.finish();
    for (const place of places) await assertPlace(place, received, 120_000);
    isDone = true;
    await watching;
    const growthMb = (mostKb - baseKb) / 1024;
    t.diagnostic(
      `${mostWaiting} records of about 700 bytes waited, ${Math.round(mostBuffered / 1024)} KB of ${bufferBytes / 1024} KB in the buffer at most; resident memory ${Math.round(baseKb / 1024)} MB, then ${Math.round(mostKb / 1024)} MB`,
    );
    assert.ok(mostBuffered > 0 && mostBuffered <= bufferBytes, `${mostBuffered} bytes in the buffer`);
    assert.ok(growthMb < mostGrowthMb, `${Math.round(growthMb)} MB more`);
  });
});
