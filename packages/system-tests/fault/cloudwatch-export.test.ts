import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  GetLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { eventually } from '@roomstream/testing/eventually';
import { freePort } from '@roomstream/testing/free-port';
import { type Moto, startMoto } from '@roomstream/testing/moto';
import { pythonTools } from '@roomstream/testing/python-tools';
import { needs } from '@roomstream/testing/tools';
import { connectRaw, type RawClient } from '../src/raw-client.ts';
import { type SilentEdge, startSilentEdge } from '../src/silent-edge.ts';
import { openStage, type Stage } from '../src/stage.ts';

const keys = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
const logGroupName = 'roomstream-metrics';
const uri = 'arn:aws:lambda:us-west-2:000000000000:function:nowhere';

/** A metric's value, as CloudWatch would take it from a log event. */
type Point = { readonly id: string; readonly timeMs: number; readonly value: number };

type EmbeddedEvent = {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
} & Readonly<Record<string, unknown>>;

describe('export to CloudWatch', { skip: needs('python3') }, () => {
  let moto: Moto;
  /** Between control planes and CloudWatch. */
  let edge: SilentEdge;
  let logs: CloudWatchLogsClient;
  let stage: Stage;

  before(async () => {
    moto = await startMoto((await pythonTools()) ?? assert.fail('python3 without venv'));
    edge = await startSilentEdge(moto.url);
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    logs = new CloudWatchLogsClient({ endpoint: moto.url, region: 'us-west-2', credentials });
    await logs.send(new CreateLogGroupCommand({ logGroupName }));
    stage = await openStage({
      gateways: 3,
      controlPlanes: 2,
      reviewWorkers: 1,
      logShippers: 1,
      env: {
        ...keys,
        ROOMSTREAM_CLOUDWATCH_METRICS: 'true',
        ROOMSTREAM_CLOUDWATCH_PERIOD_SECONDS: '3',
        ROOMSTREAM_CLOUDWATCH_LOGS_ENDPOINT: moto.url,
        ROOMSTREAM_LAMBDA_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
      },
      controlPlaneEnv: { ROOMSTREAM_CLOUDWATCH_LOGS_ENDPOINT: edge.url },
    });
  });

  after(async () => {
    logs?.destroy();
    await stage?.close();
    await edge?.close();
    await moto?.stop();
  });

  /** All points that CloudWatch has. `id` is namespace, name, unit and dimensions. */
  const points = async (): Promise<readonly Point[]> => {
    const found: Point[] = [];
    let nextToken: string | undefined;
    for (;;) {
      const page = await logs.send(
        new GetLogEventsCommand({
          logGroupName,
          logStreamName: 'roomstream/metrics',
          startFromHead: true,
          nextToken,
        }),
      );
      found.push(...(page.events ?? []).flatMap(({ message = '' }) => pointsOf(JSON.parse(message))));
      if (page.nextForwardToken === nextToken || (page.events ?? []).length === 0) return found;
      nextToken = page.nextForwardToken;
    }
  };

  const totalOf = (found: readonly Point[], id: string) =>
    found.filter((point) => point.id === id).reduce((sum, { value }) => sum + value, 0);

  /** What the fleet's own counters say of the same. */
  const countedBy = async (): Promise<ReadonlyMap<string, number>> => {
    const { gateways, reviewWorkers, logShippers } = stage.fleet;
    const sum = async (processes: typeof gateways, series: string, label = '') => {
      const values = await Promise.all(processes.map((process) => process.metric(series, label)));
      return values.reduce((all, value) => all + value, 0);
    };
    const of = (action: string) => `action="${action}"`;
    const entries: [string, Promise<number>][] = [
      ['AWS/IVSChat Messaging Requests Count', sum(gateways, 'roomstream_messaging_requests_total')],
      ['AWS/IVSChat Messaging Deliveries Count', sum(gateways, 'roomstream_messaging_deliveries_total')],
      [
        'AWS/IVSChat Requests Count Action=SEND_MESSAGE',
        sum(gateways, 'roomstream_requests_total', of('SEND_MESSAGE')),
      ],
      [
        'AWS/IVSChat Deliveries Count Action=SEND_MESSAGE',
        sum(gateways, 'roomstream_deliveries_total', of('SEND_MESSAGE')),
      ],
      [
        'AWS/IVSChat Deliveries Count Action=SEND_EVENT',
        sum(gateways, 'roomstream_deliveries_total', of('SEND_EVENT')),
      ],
      [
        `AWS/IVSChat InvocationErrors Count Uri=${uri}`,
        sum(reviewWorkers, 'roomstream_invocation_errors_total', uri),
      ],
      [
        `AWS/IVSChat LogDestinationErrors Count LoggingConfiguration=${loggingArn}`,
        sum(logShippers, 'roomstream_log_destination_errors_total', loggingArn),
      ],
      [
        `AWS/IVSChat LogDestinationResourceNotFoundErrors Count LoggingConfiguration=${loggingArn}`,
        sum(logShippers, 'roomstream_log_destination_resource_not_found_errors_total', loggingArn),
      ],
    ];
    return new Map(await Promise.all(entries.map(async ([id, value]) => [id, await value] as const)));
  };

  let loggingArn = '';
  let clients: readonly RawClient[] = [];

  /** Waits until CloudWatch has what the fleet counts, all of it and nothing twice. */
  const assertExported = async (withinMs: number): Promise<readonly Point[]> => {
    const found = await eventually(async () => {
      const now = await points();
      for (const [id, count] of await countedBy()) assert.equal(totalOf(now, id), count, id);
      return now;
    }, withinMs);
    const times = found.map(({ id, timeMs }) => `${id} ${timeMs}`);
    assert.deepEqual(
      times.filter((time, at) => times.indexOf(time) !== at),
      [],
      'told twice',
    );
    assert.deepEqual(
      found.filter(({ timeMs }) => timeMs % 3_000 !== 0),
      [],
      'no period begins then',
    );
    return found;
  };

  test('what three gateways, a worker and a shipper count is in CloudWatch, summed, each period once', async () => {
    const configuration = await stage.api.client.createLoggingConfiguration({
      destinationConfiguration: { cloudWatchLogs: { logGroupName: 'nobody-made-it' } },
    });
    loggingArn = configuration.arn ?? '';
    const room = await stage.api.createRoom({
      loggingConfigurationIdentifiers: [loggingArn],
      maximumMessageRatePerSecond: 100,
    });
    const reviewed = await stage.api.createRoom({
      messageReviewHandler: { uri, fallbackResult: 'ALLOW' },
    });
    clients = await Promise.all(
      [0, 1, 2, 0, 1, 2, 0].map(async (at, n) =>
        connectRaw(stage.url(at), await stage.api.token(n < 6 ? room : reviewed, `user-${n}`)),
      ),
    );
    for (const client of clients) for (let n = 0; n < 4; n++) await client.say(`hello ${n}`);
    await stage.api.client.sendEvent({ roomIdentifier: room, eventName: 'party' });
    await eventually(async () =>
      assert.ok(((await countedBy()).get(`AWS/IVSChat InvocationErrors Count Uri=${uri}`) ?? 0) >= 4),
    );
    const found = await assertExported(60_000);
    assert.equal(totalOf(found, 'AWS/IVSChat Messaging Requests Count'), 28);
    assert.equal(totalOf(found, 'AWS/IVSChat Deliveries Count Action=SEND_MESSAGE'), 6 * 24 + 4);
    assert.equal(totalOf(found, 'AWS/IVSChat Deliveries Count Action=SEND_EVENT'), 6);
    await eventually(async () => {
      const most = (id: string, some: readonly Point[]) =>
        Math.max(...some.filter((point) => point.id === id).map(({ value }) => value));
      const now = await points();
      assert.equal(most('AWS/IVSChat ConcurrentChatConnections Count', now), 7);
      const usage = 'Service=IVS Chat,Class=None,Type=Resource,Resource=ConcurrentChatConnections';
      assert.equal(most(`AWS/Usage ResourceCount Count ${usage}`, now), 7);
    }, 30_000);
  });

  test('control planes that die while they send leave no period out and none doubled', async () => {
    const sentBefore = (await points()).length;
    edge.silence('PutLogEvents');
    for (const client of clients) await client.say('while CloudWatch gives no answer');
    // It has a period, and who has sent it doesn't know.
    await eventually(async () => (await points()).length > sentBefore, 60_000);
    const { controlPlanes } = stage.fleet;
    await Promise.all(controlPlanes.map((process) => process.kill('SIGKILL')));
    edge.silence(undefined);
    for (const client of clients) await client.say('while nobody sends');
    await controlPlanes[1]?.restart();
    // What the dead had sent is found, not sent again, once their claims are over.
    await eventually(
      async () =>
        ((await controlPlanes[1]?.metric('roomstream_cloudwatch_periods_total', 'outcome="found"')) ?? 0) > 0,
      60_000,
    );
    await assertExported(60_000);
  });
});

function pointsOf(event: EmbeddedEvent): Point[] {
  return event._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions: [names = []], Metrics }) =>
    Metrics.map(({ Name, Unit }) => ({
      id: [Namespace, Name, Unit, names.map((name) => `${name}=${event[name]}`).join()].join(' ').trim(),
      timeMs: event._aws.Timestamp,
      value: Number(event[Name]),
    })),
  );
}
