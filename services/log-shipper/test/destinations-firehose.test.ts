import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CreateDeliveryStreamCommand, FirehoseClient } from '@aws-sdk/client-firehose';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
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
  region,
  startAws,
  startAwsMoto,
  takenOf,
} from './destinations-fixtures.ts';

const toStream = (deliveryStreamName: string) => configuration({ firehose: { deliveryStreamName } });

describe('Firehose', { skip: needs('python3') }, () => {
  let moto: Moto;
  let s3: S3Client;
  let firehose: FirehoseClient;

  before(async () => {
    moto = await startAwsMoto();
    s3 = new S3Client({ ...accessTo(moto), forcePathStyle: true });
    firehose = new FirehoseClient(accessTo(moto));
  });

  after(async () => {
    s3?.destroy();
    firehose?.destroy();
    await moto?.stop();
  });

  /** A delivery stream that writes to a bucket of its name. */
  const createStream = async (name: string) => {
    const CreateBucketConfiguration = { LocationConstraint: region } as const;
    await s3.send(new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration }));
    await firehose.send(
      new CreateDeliveryStreamCommand({
        DeliveryStreamName: name,
        ExtendedS3DestinationConfiguration: {
          BucketARN: `arn:aws:s3:::${name}`,
          RoleARN: `arn:aws:iam::${account}:role/firehose`,
        },
      }),
    );
  };
  /** The objects that a delivery stream wrote: one per request. */
  const written = async (bucket: string) => {
    const listed = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
    const bodies = (listed.Contents ?? []).map(async ({ Key }) => {
      const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
      return (await object.Body?.transformToString()) ?? '';
    });
    return Promise.all(bodies);
  };

  test('the records of all rooms arrive as lines, in order', async (t) => {
    await createStream('few-records');
    const destination = open(t, allAt(moto.url)).of(toStream('few-records'));
    assert.deepEqual([destination.kind, destination.pace], ['firehose', 'live']);
    const rooms = [aRoom('RoomAAAAAAAA', 3), aRoom('RoomBBBBBBBB', 1), aRoom('RoomCCCCCCCC', 200)];
    assert.deepEqual(await destination.deliver(rooms, 0, patience()), [delivered, delivered, delivered]);
    assert.deepEqual(await written('few-records'), [rooms.map(linesOf).join('')]);
  });

  test('12,000 records, and many MB, arrive in requests within the limits', async (t) => {
    await createStream('many-records');
    const destination = open(t, allAt(moto.url)).of(toStream('many-records'));
    const rooms = [aRoom('RoomManyAAAA', 12_000), aRoom('RoomLargeAAA', 30, { size: 900_000 })];
    assert.deepEqual(await destination.deliver(rooms, 0, patience()), [delivered, delivered]);
    const objects = await written('many-records');
    const linesIn = (text: string) => text.split('\n').slice(0, -1);
    assert.ok(objects.every((text) => linesIn(text).length <= 500 && Buffer.byteLength(text) <= 4_194_304));
    const sorted = (text: string) => linesIn(text).sort();
    assert.deepEqual(sorted(objects.join('')), sorted(rooms.map(linesOf).join('')));
  });

  test('a missing delivery stream is not-found, and is written to once it is there', async (t) => {
    const destination = open(t, allAt(moto.url)).of(toStream('comes-later'));
    const rooms = [aRoom('RoomAAAAAAAA', 3), aRoom('RoomBBBBBBBB', 700)];
    assert.deepEqual(kinds(await destination.deliver(rooms, 0, patience())), ['not-found', 'not-found']);
    await createStream('comes-later');
    assert.deepEqual(await destination.deliver(rooms, 0, patience()), [delivered, delivered]);
  });
});

describe('Firehose that fails', () => {
  /** A server that takes what `takes` says, and the texts of what it took, in order. */
  const startPartial = async (
    t: Parameters<typeof startAws>[0],
    takes: (text: string, request: number) => boolean,
    code = 'ServiceUnavailableException',
  ) => {
    const taken: string[] = [];
    const requests: number[] = [];
    const aws = await startAws(t, ({ body }, response) => {
      const { Records } = JSON.parse(body.toString()) as { Records: { Data: string }[] };
      requests.push(Records.length);
      const answers = Records.map(({ Data }) => {
        const text = Buffer.from(Data, 'base64').toString();
        if (!takes(text, requests.length)) return { ErrorCode: code, ErrorMessage: 'Slow down.' };
        taken.push(text);
        return { RecordId: 'r' };
      });
      const FailedPutCount = answers.filter((answer) => 'ErrorCode' in answer).length;
      answerJson(response, 200, { FailedPutCount, RequestResponses: answers });
    });
    return { url: aws.url, taken, requests };
  };
  const numberOf = (text: string) => Number(/"id-(\d+)"/.exec(text)?.[1]);

  test('only the records that weren’t taken are sent again', async (t) => {
    const aws = await startPartial(t, (text, request) => request > 2 || numberOf(text) % 3 !== 0);
    const destination = open(t, allAt(aws.url)).of(toStream('s'));
    const room = aRoom('RoomAAAAAAAA', 9);
    assert.deepEqual(await destination.deliver([room], 0, patience()), [delivered]);
    assert.deepEqual(aws.requests, [9, 3, 3]);
    assert.deepEqual(aws.taken.map(numberOf), [1, 2, 4, 5, 7, 8, 0, 3, 6]);
    assert.equal([...aws.taken].sort().join(''), linesOf(room));
  });

  test('records that are never taken fail their rooms after a few tries, the others are delivered', async (t) => {
    const aws = await startPartial(t, (text) => !text.includes('poison'), 'InternalFailure');
    const destination = open(t, allAt(aws.url)).of(toStream('s'));
    const bad = { account, room: 'RoomBBBBBBBB', records: [...aRoom('', 10).records] };
    bad.records[4] = { ...aRecord(4, 4), line: Buffer.from('poison') };
    const rooms = [aRoom('RoomAAAAAAAA', 5), bad, aRoom('RoomCCCCCCCC', 600)];
    const outcomes = await destination.deliver(rooms, 0, patience());
    assert.deepEqual(kinds(outcomes), ['delivered', 'error', 'delivered']);
    assert.deepEqual(aws.requests, [500, 1, 1, 1, 115]);
    assert.deepEqual(takenOf(outcomes), [
      undefined,
      { through: bad.records[3]?.entryId, rejected: 0 },
      undefined,
    ]);
    assert.match(`${outcomes[1]?.kind === 'failed' && outcomes[1].err}`, /InternalFailure: Slow down/);
  });

  test('when nothing is taken any more no further request is made, and rooms that are through stay delivered', async (t) => {
    const aws = await startPartial(t, (_, request) => request === 1);
    const destination = open(t, allAt(aws.url)).of(toStream('s'));
    const rooms = [aRoom('RoomAAAAAAAA', 100), aRoom('RoomBBBBBBBB', 900), aRoom('RoomCCCCCCCC', 900)];
    const outcomes = await destination.deliver(rooms, 0, patience());
    assert.deepEqual(kinds(outcomes), ['delivered', 'throttled', 'throttled']);
    assert.deepEqual(aws.requests, [500, 500, 500, 500, 500]);
    const through = rooms[1]?.records[399]?.entryId;
    assert.deepEqual(takenOf(outcomes), [undefined, { through, rejected: 0 }, undefined]);
  });

  test('records that are too large are rejected and the others delivered', async (t) => {
    const aws = await startPartial(t, () => true);
    const destination = open(t, allAt(aws.url)).of(toStream('s'));
    const records = [aRecord(1, 1), aRecord(2, 2, 1_024_000), aRecord(3, 3, 1_023_999)];
    const outcomes = await destination.deliver([{ account, room: 'RoomAAAAAAAA', records }], 0, patience());
    assert.deepEqual(outcomes, [{ kind: 'delivered', rejected: 1 }]);
    assert.deepEqual(aws.taken.map(numberOf), [1, 3]);
  });

  for (const [status, type, reason] of [
    [400, 'AccessDeniedException', 'access-denied'],
    [400, 'InvalidKMSResourceException', 'access-denied'],
    [500, 'ServiceUnavailableException', 'throttled'],
    [400, 'ThrottlingException', 'throttled'],
    [500, 'InternalFailure', 'error'],
  ] as const) {
    test(`${type} is ${reason}, asked once`, async (t) => {
      const aws = await startAws(t, (_, response) =>
        answerJson(response, status, { __type: type, message: 'as the test says' }),
      );
      const destination = open(t, allAt(aws.url)).of(toStream('s'));
      const rooms = [aRoom('RoomAAAAAAAA', 3), aRoom('RoomBBBBBBBB', 900)];
      assert.deepEqual(kinds(await destination.deliver(rooms, 0, patience())), [reason, reason]);
      assert.equal(aws.asked.length, 1);
    });
  }

  test('a server that hangs is a timeout soon after the signal, and so is a pause between tries', async (t) => {
    const aws = await startAws(t, () => undefined);
    const controller = new AbortController();
    const rooms = [aRoom('RoomAAAAAAAA', 3)];
    const hanging = open(t, allAt(aws.url)).of(toStream('s')).deliver(rooms, 0, controller.signal);
    await eventually(() => aws.asked.length === 1);
    controller.abort();
    assert.deepEqual(kinds(await endsWithin(2_000, hanging)), ['timeout']);
    const stop = new AbortController();
    const partial = await startPartial(t, () => {
      setImmediate(() => stop.abort());
      return false;
    });
    const pausing = open(t, allAt(partial.url)).of(toStream('s')).deliver(rooms, 0, stop.signal);
    assert.deepEqual(kinds(await endsWithin(2_000, pausing)), ['timeout']);
  });
});
