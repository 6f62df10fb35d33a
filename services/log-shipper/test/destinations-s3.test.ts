import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { eventually } from '@roomstream/testing/eventually';
import type { Moto } from '@roomstream/testing/moto';
import { needs } from '@roomstream/testing/tools';
import { objectKey } from '../src/destinations/object-key.ts';
import type { RoomRecords } from '../src/log-destination.ts';
import {
  accessTo,
  account,
  allAt,
  answerS3Error,
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
} from './destinations-fixtures.ts';

const windowMs = Date.UTC(2026, 0, 2, 3, 4);
const inBucket = (bucketName: string) => configuration({ s3: { bucketName } });
const keyOf = (room: RoomRecords) => objectKey(region, inBucket('any').id, room, windowMs);

/** A room whose gzip is larger than `bytes`: random text hardly compresses below three quarters. */
function largeRoom(room: string, bytes: number): RoomRecords {
  const records = Array.from({ length: Math.ceil(bytes / 190_000) }, (_, at) => ({
    ...aRecord(at, at),
    line: Buffer.from(JSON.stringify({ at, noise: randomBytes(200_000).toString('base64') })),
  }));
  return { account, room, records };
}

describe('S3', { skip: needs('python3') }, () => {
  let moto: Moto;
  let client: S3Client;

  before(async () => {
    moto = await startAwsMoto();
    client = new S3Client({ ...accessTo(moto), forcePathStyle: true });
    const CreateBucketConfiguration = { LocationConstraint: region } as const;
    await client.send(new CreateBucketCommand({ Bucket: 'chat-logs', CreateBucketConfiguration }));
  });

  after(async () => {
    client?.destroy();
    await moto?.stop();
  });

  const get = async (key: string, bucket = 'chat-logs') => {
    const object = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return Buffer.from((await object.Body?.transformToByteArray()) ?? []);
  };
  const keysOf = async (bucket: string) => {
    const listed = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    return (listed.Contents ?? []).map(({ Key }) => Key);
  };

  test('each room of a batch is one gzip object with the guide’s key, a record a line', async (t) => {
    const destination = open(t, allAt(moto.url)).of(inBucket('chat-logs'));
    assert.deepEqual([destination.kind, destination.pace], ['s3', 'window']);
    const rooms = [aRoom('RoomAAAAAAAA', 3), aRoom('RoomBBBBBBBB', 1), aRoom('RoomCCCCCCCC', 700)];
    const outcomes = await destination.deliver(rooms, windowMs, patience());
    assert.deepEqual(outcomes, [delivered, delivered, delivered]);
    for (const room of rooms) {
      const key = keyOf(room);
      assert.ok(
        key.startsWith(`AWSLogs/${account}/IVSChatLogs/1.0/${region}/room_${room.room}/2026/01/02/03/`),
      );
      assert.equal(gunzipSync(await get(key)).toString(), linesOf(room));
    }
  });

  test('objects are gzip files by type and have no encoding that clients would undo on the way', async (t) => {
    const room = aRoom('RoomTypeAAAA', 2);
    await open(t, allAt(moto.url)).of(inBucket('chat-logs')).deliver([room], windowMs, patience());
    const head = await client.send(new HeadObjectCommand({ Bucket: 'chat-logs', Key: keyOf(room) }));
    assert.deepEqual([head.ContentType, head.ContentEncoding], ['application/gzip', undefined]);
    assert.equal(head.ServerSideEncryption, undefined);
  });

  test('a batch that is delivered again overwrites its objects with the same bytes', async (t) => {
    const Bucket = 'again';
    const CreateBucketConfiguration = { LocationConstraint: region } as const;
    await client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
    const rooms = [aRoom('RoomAAAAAAAA', 30), aRoom('RoomBBBBBBBB', 300)];
    const first = open(t, allAt(moto.url)).of(inBucket(Bucket));
    assert.deepEqual(kinds(await first.deliver(rooms, windowMs, patience())), ['delivered', 'delivered']);
    const bytes = await Promise.all(rooms.map((room) => get(keyOf(room), Bucket)));
    const second = open(t, allAt(moto.url)).of(inBucket(Bucket));
    assert.deepEqual(kinds(await second.deliver(rooms, windowMs, patience())), ['delivered', 'delivered']);
    assert.deepEqual((await keysOf(Bucket)).sort(), rooms.map(keyOf).sort());
    assert.deepEqual(await Promise.all(rooms.map((room) => get(keyOf(room), Bucket))), bytes);
  });

  test('an object of more than 16 MiB goes in parts, and comes out whole', async (t) => {
    const room = largeRoom('RoomLargeAAA', 22 * 1024 * 1024);
    const destination = open(t, allAt(moto.url)).of(inBucket('chat-logs'));
    assert.deepEqual(await destination.deliver([room], windowMs, patience()), [delivered]);
    const head = await client.send(new HeadObjectCommand({ Bucket: 'chat-logs', Key: keyOf(room) }));
    const bytes = await get(keyOf(room));
    assert.ok(bytes.length > 16 * 1024 * 1024, `${bytes.length}`);
    assert.ok((head.ETag ?? '').endsWith(`-${Math.ceil(bytes.length / (8 * 1024 * 1024))}"`), head.ETag);
    assert.ok(gunzipSync(bytes).equals(Buffer.from(linesOf(room))));
  });

  test('a multipart upload that is broken off leaves no parts behind', async (t) => {
    const aws = await startAws(t, async (asked, response) => {
      // The second part never gets an answer; everything else goes to moto.
      if (asked.path.includes('partNumber=2')) return;
      const { host: _host, connection: _connection, ...headers } = asked.headers;
      const answer = await fetch(`${moto.url}${asked.path}`, {
        method: asked.method,
        headers: headers as Record<string, string>,
        ...(asked.body.length === 0 ? {} : { body: asked.body }),
      });
      response.writeHead(answer.status, { etag: answer.headers.get('etag') ?? '' });
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
    const room = largeRoom('RoomBrokenAA', 10 * 1024 * 1024);
    const controller = new AbortController();
    const destination = open(t, allAt(aws.url)).of(inBucket('chat-logs'));
    const delivery = destination.deliver([room], windowMs, controller.signal);
    await eventually(() => aws.asked.some(({ path }) => path.includes('partNumber=2')), 60_000);
    const begun = await client.send(new ListMultipartUploadsCommand({ Bucket: 'chat-logs' }));
    assert.equal(begun.Uploads?.length, 1);
    controller.abort();
    assert.deepEqual(kinds(await endsWithin(2_000, delivery)), ['timeout']);
    await eventually(async () => {
      const left = await client.send(new ListMultipartUploadsCommand({ Bucket: 'chat-logs' }));
      assert.deepEqual(left.Uploads ?? [], []);
    });
  });

  test('a missing bucket is not-found, and is written to once it is there', async (t) => {
    const rooms = [aRoom('RoomAAAAAAAA', 3), aRoom('RoomBBBBBBBB', 3)];
    const destination = open(t, allAt(moto.url)).of(inBucket('comes-later'));
    assert.deepEqual(kinds(await destination.deliver(rooms, windowMs, patience())), [
      'not-found',
      'not-found',
    ]);
    const CreateBucketConfiguration = { LocationConstraint: region } as const;
    await client.send(new CreateBucketCommand({ Bucket: 'comes-later', CreateBucketConfiguration }));
    assert.deepEqual(await destination.deliver(rooms, windowMs, patience()), [delivered, delivered]);
  });

  test('with a KMS key each object asks for SSE-KMS with it', async (t) => {
    const key = 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    const environment = { ...allAt(moto.url), ROOMSTREAM_S3_KMS_KEY_ID: key };
    const room = aRoom('RoomKmsAAAAA', 3);
    const destination = open(t, environment).of(inBucket('chat-logs'));
    assert.deepEqual(await destination.deliver([room], windowMs, patience()), [delivered]);
    const head = await client.send(new HeadObjectCommand({ Bucket: 'chat-logs', Key: keyOf(room) }));
    assert.deepEqual([head.ServerSideEncryption, head.SSEKMSKeyId], ['aws:kms', key]);
  });
});

describe('S3 that fails', () => {
  for (const [status, code, reason] of [
    [403, 'AccessDenied', 'access-denied'],
    [403, 'InvalidAccessKeyId', 'access-denied'],
    [404, 'NoSuchBucket', 'not-found'],
    [503, 'SlowDown', 'throttled'],
    [500, 'InternalError', 'error'],
  ] as const) {
    test(`${code} is ${reason}, asked once`, async (t) => {
      const aws = await startAws(t, (_, response) => answerS3Error(response, status, code));
      const destination = open(t, allAt(aws.url)).of(inBucket('chat-logs'));
      const outcomes = await destination.deliver([aRoom('RoomAAAAAAAA', 3)], windowMs, patience());
      assert.deepEqual(kinds(outcomes), [reason]);
      assert.equal(aws.asked.length, 1);
    });
  }

  test('an answer that isn’t S3’s is an error', async (t) => {
    const aws = await startAws(t, (_, response) => response.writeHead(502).end('<html>Bad gateway</html>'));
    const destination = open(t, allAt(aws.url)).of(inBucket('chat-logs'));
    const outcomes = await destination.deliver([aRoom('RoomAAAAAAAA', 3)], windowMs, patience());
    assert.deepEqual(kinds(outcomes), ['error']);
  });

  test('a room that fails alone doesn’t keep others from being delivered', async (t) => {
    const aws = await startAws(t, ({ path }, response) => {
      if (path.includes('RoomBBBBBBBB')) answerS3Error(response, 403, 'AccessDenied');
      else response.writeHead(200, { etag: '"x"' }).end();
    });
    const destination = open(t, allAt(aws.url)).of(inBucket('chat-logs'));
    const rooms = ['RoomAAAAAAAA', 'RoomBBBBBBBB', 'RoomCCCCCCCC'].map((room) => aRoom(room, 3));
    assert.deepEqual(kinds(await destination.deliver(rooms, windowMs, patience())), [
      'delivered',
      'access-denied',
      'delivered',
    ]);
  });

  test('with an endpoint of its own no request has headers that S3-compatible stores refuse', async (t) => {
    const aws = await startAws(t, (_, response) => response.writeHead(200, { etag: '"x"' }).end());
    const destination = open(t, allAt(aws.url)).of(inBucket('chat-logs'));
    await destination.deliver([largeRoom('RoomAAAAAAAA', 5 * 1024 * 1024)], windowMs, patience());
    const names = aws.asked.flatMap(({ headers }) => Object.keys(headers));
    assert.equal(aws.asked.length, 1);
    assert.deepEqual(
      names.filter((name) => /checksum|trailer|expect|x-amz-sdk|content-encoding/.test(name)),
      [],
    );
    assert.match(aws.asked[0]?.path ?? '', /^\/chat-logs\/AWSLogs\//);
  });

  test('a connection that the server closed while it was idle is no failure', async (t) => {
    let answered = 0;
    const aws = await startAws(t, (_, response) => {
      if (++answered === 2) response.socket?.resetAndDestroy();
      else response.writeHead(200, { etag: '"x"' }).end();
    });
    const destination = open(t, allAt(aws.url)).of(inBucket('chat-logs'));
    for (let round = 0; round < 2; round++) {
      const outcomes = await destination.deliver([aRoom('RoomAAAAAAAA', 3)], windowMs, patience());
      assert.deepEqual(outcomes, [delivered]);
    }
    assert.equal(answered, 3);
  });

  test('a server that hangs is a timeout soon after the signal, for the rooms that wait too', async (t) => {
    const aws = await startAws(t, ({ path }, response) => {
      if (path.includes('RoomAAAAAAAA')) response.writeHead(200, { etag: '"x"' }).end();
    });
    const destination = open(t, allAt(aws.url)).of(inBucket('chat-logs'));
    const rooms = ['RoomAAAAAAAA', ...Array.from({ length: 40 }, (_, at) => `Hangs${at}`)];
    const controller = new AbortController();
    const delivery = destination.deliver(
      rooms.map((room) => aRoom(room, 3)),
      windowMs,
      controller.signal,
    );
    await eventually(() => aws.asked.length >= 17);
    controller.abort();
    const outcomes = await endsWithin(2_000, delivery);
    assert.deepEqual(kinds(outcomes), ['delivered', ...Array.from({ length: 40 }, () => 'timeout')]);
  });
});
