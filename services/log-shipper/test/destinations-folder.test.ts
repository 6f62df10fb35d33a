import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import fileCalls from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gunzipSync } from 'node:zlib';
import { eventually } from '@roomstream/testing/eventually';
import { gzipLines } from '../src/destinations/gzip.ts';
import { objectKey } from '../src/destinations/object-key.ts';
import type { RoomRecords } from '../src/log-destination.ts';
import {
  allAt,
  aRoom,
  configuration,
  delivered,
  endsWithin,
  folder,
  kinds,
  linesOf,
  open,
  patience,
  region,
  startAws,
} from './destinations-fixtures.ts';

const windowMs = Date.UTC(2026, 11, 31, 23, 59);
const inBucket = (bucketName: string) => configuration({ s3: { bucketName } });
const keyOf = (room: RoomRecords) => objectKey(region, inBucket('any').id, room, windowMs);
const filesBelow = (path: string) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();

test('a folder gets the keys and bytes that S3 would get, and nothing else', async (t) => {
  const path = folder(t);
  const destination = open(t, { ROOMSTREAM_LOG_FOLDERS: `chat-logs=${path}` }).of(inBucket('chat-logs'));
  assert.deepEqual([destination.kind, destination.pace], ['folder', 'window']);
  const rooms = [aRoom('RoomAAAAAAAA', 3), aRoom('RoomBBBBBBBB', 1), aRoom('RoomCCCCCCCC', 5_000)];
  assert.deepEqual(await destination.deliver(rooms, windowMs, patience()), [delivered, delivered, delivered]);
  assert.deepEqual(filesBelow(path), rooms.map(keyOf).sort());
  for (const room of rooms) {
    const bytes = readFileSync(join(path, keyOf(room)));
    assert.equal(gunzipSync(bytes).toString(), linesOf(room));
    assert.ok(bytes.equals(await gzipLines(room.records, patience())));
  }
  assert.deepEqual(await destination.deliver(rooms, windowMs, patience()), [delivered, delivered, delivered]);
  assert.deepEqual(filesBelow(path), rooms.map(keyOf).sort());
});

test('a named folder that is missing is not-found and isn’t made; once it is there it is written to', async (t) => {
  const path = join(folder(t), 'later');
  const destination = open(t, { ROOMSTREAM_LOG_FOLDERS: `chat-logs=${path}` }).of(inBucket('chat-logs'));
  const rooms = [aRoom('RoomAAAAAAAA', 3)];
  assert.deepEqual(kinds(await destination.deliver(rooms, windowMs, patience())), ['not-found']);
  assert.ok(!existsSync(path));
  mkdirSync(path);
  assert.deepEqual(await destination.deliver(rooms, windowMs, patience()), [delivered]);
});

test('with *=folder every other bucket is a subfolder that is made', async (t) => {
  const path = folder(t);
  const named = folder(t);
  const destinations = open(t, { ROOMSTREAM_LOG_FOLDERS: `*=${path}/all,chat-logs=${named}` });
  const room = aRoom('RoomAAAAAAAA', 3);
  for (const bucket of ['chat-logs', 'one.bucket', 'two-bucket']) {
    assert.deepEqual(await destinations.of(inBucket(bucket)).deliver([room], windowMs, patience()), [
      delivered,
    ]);
  }
  assert.deepEqual(filesBelow(named), [keyOf(room)]);
  assert.deepEqual(filesBelow(path), [`all/one.bucket/${keyOf(room)}`, `all/two-bucket/${keyOf(room)}`]);
});

test('a bucket without a folder is S3’s, and so is a name that could lead elsewhere', (t) => {
  const path = folder(t);
  const some = open(t, { ROOMSTREAM_LOG_FOLDERS: `chat-logs=${path}` });
  assert.equal(some.of(inBucket('other-logs')).kind, 's3');
  const all = open(t, { ROOMSTREAM_LOG_FOLDERS: `*=${path}` });
  for (const bucket of ['...', '../../etc', '/etc']) assert.equal(all.of(inBucket(bucket)).kind, 's3');
});

test('a folder that can’t be written to is access-denied', async (t) => {
  // Nobody makes folders in /sys; root, as which containers run tests, makes them everywhere else.
  const isRoot = process.getuid?.() === 0;
  const path = isRoot ? '/sys' : folder(t);
  if (!isRoot) {
    chmodSync(path, 0o500);
    t.after(() => chmodSync(path, 0o700));
  }
  const destination = open(t, { ROOMSTREAM_LOG_FOLDERS: `chat-logs=${path}` }).of(inBucket('chat-logs'));
  const outcomes = await destination.deliver([aRoom('RoomAAAAAAAA', 3)], windowMs, patience());
  assert.deepEqual(kinds(outcomes), ['access-denied']);
});

test('a file that can’t get its name is an error and leaves nothing unfinished behind', async (t) => {
  const path = folder(t);
  const room = aRoom('RoomAAAAAAAA', 3);
  const destination = open(t, { ROOMSTREAM_LOG_FOLDERS: `chat-logs=${path}` }).of(inBucket('chat-logs'));
  mkdirSync(join(path, keyOf(room)), { recursive: true });
  writeFileSync(join(path, keyOf(room), 'in-the-way'), '');
  assert.deepEqual(kinds(await destination.deliver([room], windowMs, patience())), ['error']);
  assert.deepEqual(filesBelow(path), [`${keyOf(room)}/in-the-way`]);
});

test('a file in the place of a folder is not-found, and a link to a folder is followed', async (t) => {
  const path = folder(t);
  writeFileSync(join(path, 'file'), '');
  mkdirSync(join(path, 'real'));
  symlinkSync(join(path, 'real'), join(path, 'link'));
  const destinations = open(t, {
    ROOMSTREAM_LOG_FOLDERS: `file-logs=${path}/file,link-logs=${path}/link`,
  });
  const room = aRoom('RoomAAAAAAAA', 3);
  const kindOf = async (bucket: string) =>
    kinds(await destinations.of(inBucket(bucket)).deliver([room], windowMs, patience()));
  assert.deepEqual(await kindOf('file-logs'), ['not-found']);
  assert.deepEqual(await kindOf('link-logs'), ['delivered']);
  assert.deepEqual(filesBelow(join(path, 'real')), [keyOf(room)]);
});

test('an aborted delivery ends at once, and what it was writing doesn’t stay unfinished', async (t) => {
  const path = folder(t);
  const destination = open(t, { ROOMSTREAM_LOG_FOLDERS: `chat-logs=${path}` }).of(inBucket('chat-logs'));
  const controller = new AbortController();
  const rooms = Array.from({ length: 200 }, (_, at) => aRoom(`Room${at}`, 500));
  const delivery = destination.deliver(rooms, windowMs, controller.signal);
  await eventually(() => filesBelow(path).length > 0);
  controller.abort();
  const outcomes = await endsWithin(2_000, delivery);
  assert.equal(outcomes.length, 200);
  assert.ok(kinds(outcomes).every((kind) => kind === 'timeout' || kind === 'delivered'));
  assert.equal(outcomes.at(-1)?.kind, 'failed');
  await eventually(() => filesBelow(path).every((file) => file.endsWith('.log.gz')));
});

/**
 * A disk that hangs: whoever opens a file below `path` first waits in a thread, as open() of a named pipe does that nobody
 * writes to. `opened` counts them.
 */
function hangingDisk(t: TestContext, path: string) {
  const pipe = join(folder(t), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const disk = { opened: 0, mend };
  const { open: really } = fileCalls;
  // A mock of the test runner would keep who called it in memory.
  const replace = (open: typeof really) => {
    fileCalls.open = open;
    syncBuiltinESMExports();
  };
  replace(async (file, ...how) => {
    if (!`${file}`.startsWith(path)) return really(file, ...how);
    disk.opened++;
    const waited = await really(pipe, 'r');
    await waited.close();
    return really(file, ...how);
  });
  let writer: number | undefined;
  /** Everybody goes on; also with the test, for a process can't even exit while a thread hangs. */
  function mend(): void {
    if (writer !== undefined) return;
    writer = openSync(pipe, constants.O_RDWR);
    replace(really);
  }
  t.after(() => {
    mend();
    if (writer !== undefined) closeSync(writer);
  });
  return disk;
}

test('a folder that hangs leaves S3 and gzip their threads, and keeps no more than two files in memory', async (t) => {
  const path = folder(t);
  const { url, asked } = await startAws(t, (_one, response) => response.end());
  const destinations = open(t, { ...allAt(url), ROOMSTREAM_LOG_FOLDERS: `chat-logs=${path}` });
  const hanging = destinations.of(inBucket('chat-logs'));
  const disk = hangingDisk(t, path);
  const held: WeakRef<RoomRecords['records']>[] = [];
  const attempt = async () => {
    const controller = new AbortController();
    const rooms = Array.from({ length: 20 }, (_, at) => aRoom(`Room${at}`, 10));
    held.push(...rooms.map(({ records }) => new WeakRef(records)));
    const delivery = hanging.deliver(rooms, windowMs, controller.signal);
    await eventually(() => assert.equal(disk.opened, 2));
    // Compressed by other threads, for it is long.
    const other = destinations.of(inBucket('other-logs'));
    const long = [aRoom('RoomAAAAAAAA', 5_000)];
    assert.deepEqual(await other.deliver(long, windowMs, patience(20_000)), [delivered]);
    controller.abort(new Error('the time is over'));
    const outcomes = await endsWithin(2_000, delivery);
    assert.deepEqual(
      kinds(outcomes),
      rooms.map(() => 'timeout'),
    );
  };
  for (let attempts = 1; attempts <= 3; attempts++) {
    await attempt();
    assert.equal(asked.length, attempts);
  }
  assert.equal(disk.opened, 2);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  await eventually(() => {
    collect();
    assert.ok(held.filter((records) => records.deref() !== undefined).length <= 2);
  });
  disk.mend();
  const room = aRoom('RoomAAAAAAAA', 3);
  assert.deepEqual(await hanging.deliver([room], windowMs, patience()), [delivered]);
  await eventually(() => assert.deepEqual(filesBelow(path), [keyOf(room)]));
});
