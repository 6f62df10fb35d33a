import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  GetLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { eventually } from '@roomstream/testing/eventually';
import type { Moto } from '@roomstream/testing/moto';
import { needs } from '@roomstream/testing/tools';
import {
  accessTo,
  account,
  allAt,
  answerJson,
  aRecord,
  aRoom,
  configuration,
  delivered,
  endsWithin,
  kinds,
  linesOf,
  open,
  patience,
  startAws,
  startAwsMoto,
  takenOf,
} from './destinations-fixtures.ts';

const inGroup = (logGroupName: string) => configuration({ cloudWatchLogs: { logGroupName } });

describe('CloudWatch Logs', { skip: needs('python3') }, () => {
  let moto: Moto;
  let client: CloudWatchLogsClient;

  before(async () => {
    moto = await startAwsMoto();
    client = new CloudWatchLogsClient(accessTo(moto));
    await client.send(new CreateLogGroupCommand({ logGroupName: '/chat/logs' }));
  });

  after(async () => {
    client?.destroy();
    await moto?.stop();
  });

  /** All events of a stream, oldest first. */
  const eventsOf = async (room: string, logGroupName = '/chat/logs') => {
    const logStreamName = `aws/IVSChatLogs/1.0/room_${room}`;
    const events: { timestamp?: number | undefined; message?: string | undefined }[] = [];
    let nextToken: string | undefined;
    for (;;) {
      const page = await client.send(
        new GetLogEventsCommand({ logGroupName, logStreamName, startFromHead: true, nextToken }),
      );
      events.push(...(page.events ?? []));
      if ((page.events ?? []).length === 0) return events;
      nextToken = page.nextForwardToken;
    }
  };

  test('each room has a stream of the guide’s name, made when missing, with its records in order', async (t) => {
    const destination = open(t, allAt(moto.url)).of(inGroup('/chat/logs'));
    assert.deepEqual([destination.kind, destination.pace], ['cloudwatch-logs', 'live']);
    const rooms = [aRoom('RoomAAAAAAAA', 3), aRoom('RoomBBBBBBBB', 1), aRoom('RoomCCCCCCCC', 200)];
    for (const _ of ['made', 'there']) {
      assert.deepEqual(await destination.deliver(rooms, 0, patience()), [delivered, delivered, delivered]);
    }
    for (const room of rooms) {
      const expected = room.records.map(({ ms, line }) => ({ timestamp: ms, message: line.toString() }));
      const events = await eventsOf(room.room);
      const byTime = [...expected, ...expected].sort((a, b) => a.timestamp - b.timestamp);
      assert.deepEqual(
        events.map(({ timestamp, message }) => ({ timestamp, message })),
        byTime,
      );
    }
    const streams = await client.send(new DescribeLogStreamsCommand({ logGroupName: '/chat/logs' }));
    assert.ok(
      streams.logStreams?.some(
        ({ logStreamName }) => logStreamName === 'aws/IVSChatLogs/1.0/room_RoomBBBBBBBB',
      ),
    );
  });

  test('12,000 records of a room arrive, and so do several MB', async (t) => {
    const destination = open(t, allAt(moto.url)).of(inGroup('/chat/logs'));
    const rooms = [aRoom('RoomManyAAAA', 12_000), aRoom('RoomLargeAAA', 40, { size: 100_000 })];
    assert.deepEqual(await destination.deliver(rooms, 0, patience()), [delivered, delivered]);
    for (const room of rooms) {
      const messages = (await eventsOf(room.room)).map(({ message }) => `${message}\n`);
      assert.equal(messages.join(''), linesOf(room));
    }
  });

  test('a missing group is not-found and isn’t made; once it is there it is written to', async (t) => {
    const destination = open(t, allAt(moto.url)).of(inGroup('comes-later'));
    const rooms = [aRoom('RoomAAAAAAAA', 3)];
    assert.deepEqual(kinds(await destination.deliver(rooms, 0, patience())), ['not-found']);
    const groups = await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: 'comes' }));
    assert.deepEqual(groups.logGroups ?? [], []);
    await client.send(new CreateLogGroupCommand({ logGroupName: 'comes-later' }));
    assert.deepEqual(await destination.deliver(rooms, 0, patience()), [delivered]);
    assert.equal((await eventsOf('RoomAAAAAAAA', 'comes-later')).length, 3);
  });

  test('records that are too old, and that are too large, are rejected and the others delivered', async (t) => {
    const destination = open(t, allAt(moto.url)).of(inGroup('/chat/logs'));
    const now = Date.now();
    const old = [1, 2, 3, 4, 5].map((number) => aRecord(number, now - 20 * 86_400_000 + number));
    const good = aRoom('RoomOldAAAAA', 7).records;
    const large = aRecord(9, now, 262_144);
    const room = { account, room: 'RoomOldAAAAA', records: [...old, ...good, large] };
    const [outcome] = await destination.deliver([room], 0, patience());
    // moto names the last old event of a request, AWS the one after it.
    assert.deepEqual(outcome, { kind: 'delivered', rejected: 5 });
    const messages = (await eventsOf('RoomOldAAAAA')).map(({ message }) => message);
    assert.deepEqual(
      messages,
      good.map(({ line }) => line.toString()),
    );
  });
});

describe('CloudWatch Logs that fails', () => {
  const room = aRoom('RoomAAAAAAAA', 3);

  for (const [status, type, reason] of [
    [400, 'AccessDeniedException', 'access-denied'],
    [400, 'UnrecognizedClientException', 'access-denied'],
    [400, 'ThrottlingException', 'throttled'],
    [503, 'ServiceUnavailableException', 'throttled'],
    [500, 'InternalFailure', 'error'],
  ] as const) {
    test(`${type} is ${reason}, asked once`, async (t) => {
      const aws = await startAws(t, (_, response) =>
        answerJson(response, status, { __type: type, message: 'as the test says' }),
      );
      const destination = open(t, allAt(aws.url)).of(inGroup('g'));
      assert.deepEqual(kinds(await destination.deliver([room], 0, patience())), [reason]);
      assert.deepEqual(
        aws.asked.map(({ operation }) => operation),
        ['PutLogEvents'],
      );
    });
  }

  test('a stream is made once; when another process was faster the events are put again', async (t) => {
    const aws = await startAws(t, ({ operation }, response) => {
      if (operation === 'CreateLogStream') {
        answerJson(response, 400, { __type: 'ResourceAlreadyExistsException', message: 'exists' });
      } else if (aws.asked.length === 1) {
        answerJson(response, 400, { __type: 'ResourceNotFoundException', message: 'no stream' });
      } else answerJson(response, 200, {});
    });
    const destination = open(t, allAt(aws.url)).of(inGroup('g'));
    assert.deepEqual(await destination.deliver([room], 0, patience()), [delivered]);
    assert.deepEqual(
      aws.asked.map(({ operation }) => operation),
      ['PutLogEvents', 'CreateLogStream', 'PutLogEvents'],
    );
  });

  test('a stream that may not be made is access-denied', async (t) => {
    const aws = await startAws(t, ({ operation }, response) => {
      const type = operation === 'PutLogEvents' ? 'ResourceNotFoundException' : 'AccessDeniedException';
      answerJson(response, 400, { __type: type, message: 'as the test says' });
    });
    const destination = open(t, allAt(aws.url)).of(inGroup('g'));
    assert.deepEqual(kinds(await destination.deliver([room], 0, patience())), ['access-denied']);
  });

  test('rejected ranges are counted, and what was accepted before counts as delivered', async (t) => {
    const rejectedLogEventsInfo = {
      tooOldLogEventEndIndex: 2,
      expiredLogEventEndIndex: 3,
      tooNewLogEventStartIndex: 9,
    };
    const aws = await startAws(t, ({ body }, response) => {
      if (body.includes('RoomBBBBBBBB')) {
        answerJson(response, 400, { __type: 'DataAlreadyAcceptedException', message: 'again' });
      } else answerJson(response, 200, { rejectedLogEventsInfo });
    });
    const destination = open(t, allAt(aws.url)).of(inGroup('g'));
    const outcomes = await destination.deliver(
      [aRoom('RoomAAAAAAAA', 10), aRoom('RoomBBBBBBBB', 3)],
      0,
      patience(),
    );
    assert.deepEqual(outcomes, [{ kind: 'delivered', rejected: 4 }, delivered]);
  });

  test('requests of one room follow one another within the limits; a failed one ends the room, and what is through is told', async (t) => {
    const sizes: number[] = [];
    let taken = 0;
    let [underWay, mostUnderWay] = [0, 0];
    const aws = await startAws(t, async ({ body }, response) => {
      mostUnderWay = Math.max(mostUnderWay, ++underWay);
      await delay(5);
      const { logEvents } = JSON.parse(body.toString()) as { logEvents: { message: string }[] };
      sizes.push(logEvents.reduce((sum, { message }) => sum + Buffer.byteLength(message) + 26, 0));
      underWay--;
      if (sizes.length === 3) answerJson(response, 400, { __type: 'ThrottlingException', message: 'slow' });
      else {
        taken += logEvents.length;
        answerJson(response, 200, { rejectedLogEventsInfo: { tooOldLogEventEndIndex: 1 } });
      }
    });
    const destination = open(t, allAt(aws.url)).of(inGroup('g'));
    const rooms = [aRoom('RoomAAAAAAAA', 50, { size: 100_000 })];
    const outcomes = await destination.deliver(rooms, 0, patience());
    assert.equal(mostUnderWay, 1);
    assert.deepEqual(kinds(outcomes), ['throttled']);
    assert.deepEqual(takenOf(outcomes), [{ through: rooms[0]?.records[taken - 1]?.entryId, rejected: 2 }]);
    assert.equal(sizes.length, 3);
    assert.ok(
      sizes.every((size) => size > 900_000 && size <= 1_048_576),
      `${sizes}`,
    );
  });

  test('a server that hangs is a timeout soon after the signal', async (t) => {
    const aws = await startAws(t, () => undefined);
    const destination = open(t, allAt(aws.url)).of(inGroup('g'));
    const controller = new AbortController();
    const delivery = destination.deliver([room], 0, controller.signal);
    await eventually(() => aws.asked.length === 1);
    controller.abort();
    assert.deepEqual(kinds(await endsWithin(2_000, delivery)), ['timeout']);
  });
});
