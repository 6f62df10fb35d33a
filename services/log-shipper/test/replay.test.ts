import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { after, describe, it } from 'node:test';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { type Moto, startMoto } from '@roomstream/testing/moto';
import { type PythonTools, pythonTools } from '@roomstream/testing/python-tools';
import { folderSource } from '../src/replay/folder-source.ts';
import type { LogSource } from '../src/replay/log-source.ts';
import { replay } from '../src/replay/replay.ts';
import { s3Source } from '../src/replay/s3-source.ts';
import { gzipped, keptOutput, keyOf, type Logs, message, room, writeLogs } from './replay-logs.ts';

const tools = await pythonTools();

type Place = {
  /** Keeps the logs and gives the source that reads them. */
  hold(logs: Logs): Promise<LogSource>;
  close(): Promise<void>;
};

function folderPlace(): Place {
  const scratch = mkdtempSync(join(tmpdir(), 'roomstream-replay-'));
  let count = 0;
  return {
    hold: async (logs) => {
      const folder = join(scratch, `${++count}`);
      mkdirSync(folder);
      writeLogs(folder, logs);
      return folderSource(folder);
    },
    close: async () => rmSync(scratch, { recursive: true, force: true }),
  };
}

function motoPlace(found: PythonTools): Place {
  let moto: Promise<Moto> | undefined;
  let count = 0;
  return {
    hold: async (logs) => {
      moto ??= startMoto(found);
      const client = s3Client((await moto).url);
      const bucket = `logs-${++count}`;
      await client.send(new CreateBucketCommand({ Bucket: bucket }));
      for (const [Key, Body] of logs) await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
      return s3Source(client, bucket);
    },
    close: async () => (await moto)?.stop(),
  };
}

function s3Client(endpoint: string): S3Client {
  return new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
}

const places: [string, (() => Place) | undefined][] = [
  ['a folder', folderPlace],
  ['S3', tools === undefined ? undefined : () => motoPlace(tools)],
];

const span = (from: string, to: string) => ({ room, fromMs: Date.parse(from), toMs: Date.parse(to) });
const wholeDay = span('2026-11-22T00:00:00Z', '2026-11-23T00:00:00Z');
const at = (time: string) => `2026-11-22T${time}Z`;

for (const [what, open] of places) {
  describe(`a replay from ${what}`, {
    skip: open === undefined && 'needs python3, not found on PATH',
  }, () => {
    if (open === undefined) return;
    const place = open();
    after(() => place.close());

    it('prints the records as they are logged, over hours and days, and none of other rooms', async () => {
      const lines = [
        message('2026-11-21T23:59:30.000Z', 'A'),
        message(at('00:00:10.000'), 'B', 'line\nbreak \u2028 ünïcode'),
        message(at('09:59:59.999'), 'C'),
        message(at('10:00:00.000'), 'D'),
      ];
      const other = keyOf('2026-11-22T09:58', 'ffffffff').replaceAll('abc123DEF456', 'otherRoom123');
      const source = await place.hold(
        new Map([
          [keyOf('2026-11-21T23:59', 'ffffffff'), gzipped(lines.slice(0, 1))],
          [keyOf('2026-11-22T00:00', '0000000a'), gzipped(lines.slice(1, 2))],
          [keyOf('2026-11-22T09:59', '9999999a'), gzipped(lines.slice(2, 3))],
          [keyOf('2026-11-22T10:00', '0000000b'), gzipped(lines.slice(3))],
          [other, gzipped([message(at('09:58:00.000'), 'X')])],
          // No log: what somebody left beside them, or a file half written.
          [`${dirname(keyOf('2026-11-22T09:59', 'a'))}/note.txt`, Buffer.from('hello')],
          [`${keyOf('2026-11-22T09:59', 'aaaaaaaa')}.tmp`, Buffer.from('half')],
        ]),
      );
      const output = keptOutput();
      const days = span('2026-11-21T00:00:00Z', '2026-11-23T00:00:00Z');
      assert.equal(await replay(source, days, 'json', output), 0);
      assert.deepEqual(output.lines(), lines);
      assert.deepEqual(output.notes, []);
      source.close();
    });

    it('orders the objects of a minute by their first records, and prints each Id once', async () => {
      const [a, b, c, d, e] = ['A', 'B', 'C', 'D', 'E'].map((id, second) =>
        message(at(`10:00:0${second}.000`), id),
      );
      assert.ok(a && b && c && d && e);
      const source = await place.hold(
        new Map([
          // By their hashes they would come the other way round.
          [keyOf('2026-11-22T10:00', '00000003'), gzipped([d, e])],
          [keyOf('2026-11-22T10:00', '00000002'), gzipped([b, c, d])],
          [keyOf('2026-11-22T10:00', '00000001'), gzipped([e])],
          [keyOf('2026-11-22T10:00', '99999999'), gzipped([a, b])],
          [keyOf('2026-11-22T10:01', '00000000'), gzipped([e, message(at('10:01:00.000'), 'F')])],
        ]),
      );
      const output = keptOutput();
      assert.equal(await replay(source, wholeDay, 'json', output), 0);
      assert.deepEqual(output.ids(), ['A', 'B', 'C', 'D', 'E', 'F']);
      source.close();
    });

    it('keeps the order of an object where the times in it go back by a little', async () => {
      const source = await place.hold(
        new Map([
          [
            keyOf('2026-11-22T10:00', 'a'),
            gzipped([message(at('10:00:01.002'), 'A'), message(at('10:00:01.001'), 'B')]),
          ],
        ]),
      );
      const output = keptOutput();
      await replay(source, wholeDay, 'json', output);
      assert.deepEqual(output.ids(), ['A', 'B']);
      source.close();
    });

    it('includes --from, excludes --to, and finds records in the object of a window before --from', async () => {
      const times = ['10:00:00.000', '10:03:59.999', '10:04:00.000', '10:04:59.999', '10:05:00.000'];
      const source = await place.hold(
        new Map([
          [keyOf('2026-11-22T10:00', 'a'), gzipped(times.map((time) => message(at(time), time)))],
          [keyOf('2026-11-22T10:05', 'b'), gzipped([message(at('10:05:00.001'), 'later')])],
          [keyOf('2026-11-22T09:10', 'c'), gzipped([message(at('09:10:00.000'), 'earlier')])],
        ]),
      );
      const output = keptOutput();
      await replay(source, span(at('10:04:00'), at('10:05:00')), 'json', output);
      assert.deepEqual(output.ids(), ['10:04:00.000', '10:04:59.999']);
      source.close();
    });

    it('names broken objects and lines, and prints the rest', async () => {
      const whole = gzipped(
        Array.from({ length: 3000 }, (_, i) =>
          message(at('10:01:00.000'), `B${i}`, Math.random().toString(36).repeat(3)),
        ),
      );
      const source = await place.hold(
        new Map([
          [
            keyOf('2026-11-22T10:00', 'a'),
            gzipped([message(at('10:00:00.000'), 'A'), '{"half', message(at('10:00:01.000'), 'A2')]),
          ],
          [keyOf('2026-11-22T10:01', 'b'), whole.subarray(0, whole.length - 1000)],
          [keyOf('2026-11-22T10:02', 'c'), Buffer.from('this is no gzip')],
          [keyOf('2026-11-22T10:03', 'd'), Buffer.alloc(0)],
          [keyOf('2026-11-22T10:04', 'e'), gzipped([message(at('10:04:00.000'), 'E')])],
          [keyOf('2026-11-22T10:04', 'f'), Buffer.from('nor is this')],
        ]),
      );
      const output = keptOutput();
      assert.equal(await replay(source, wholeDay, 'json', output), 1);
      const ids = output.ids();
      assert.deepEqual(ids.slice(0, 3), ['A', 'A2', 'B0']);
      assert.equal(ids.at(-1), 'E');
      assert.ok(ids.length > 2000 && ids.length < 3003, `${ids.length}`);
      const [line, cut, noGzip, empty, second, ...more] = output.notes;
      const named = (hash: string, minute: string) =>
        `${source.name}/${keyOf(`2026-11-22T10:${minute}`, hash)} can't be read: `;
      assert.ok(line?.startsWith(`${named('a', '00')}line 2: `), line);
      assert.equal(cut, `${named('b', '01')}unexpected end of file`);
      assert.equal(noGzip, `${named('c', '02')}incorrect header check`);
      assert.equal(empty, `${named('d', '03')}unexpected end of file`);
      assert.equal(second, `${named('f', '04')}incorrect header check`);
      assert.deepEqual(more, []);
      source.close();
    });

    it('reads thousands of objects, listed page by page', { timeout: 120_000 }, async () => {
      const logs: Logs = new Map();
      const ids: string[] = [];
      for (let i = 0; i < 2_100; i += 1) {
        const time = new Date(Date.UTC(2026, 10, 20) + i * 60_000).toISOString();
        ids.push(`M${i}`);
        logs.set(keyOf(time.slice(0, 16), 'abcdef01'), gzipped([message(time, `M${i}`)]));
      }
      const source = await place.hold(logs);
      const output = keptOutput();
      const days = span('2026-11-20T00:00:00Z', '2026-11-22T00:00:00Z');
      assert.equal(await replay(source, days, 'json', output), 0);
      assert.deepEqual(output.ids(), ids);
      source.close();
    });

    it('prints text for people', async () => {
      const source = await place.hold(
        new Map([[keyOf('2026-11-22T10:00', 'a'), gzipped([message(at('10:00:00.000'), 'A', 'hello')])]]),
      );
      const output = keptOutput();
      await replay(source, wholeDay, 'text', output);
      assert.deepEqual(output.lines(), ['2026-11-22T10:00:00.000Z alice: hello']);
      source.close();
    });

    it('takes any span of time', async () => {
      const line = message(at('10:00:00.000'), 'A');
      const source = await place.hold(new Map([[keyOf('2026-11-22T10:00', 'a'), gzipped([line])]]));
      const output = keptOutput();
      const always = { room, fromMs: Date.now() - 999_999_999 * 604_800_000, toMs: Date.UTC(9999, 11, 31) };
      assert.equal(await replay(source, always, 'json', output), 0);
      assert.deepEqual(output.lines(), [line]);
      source.close();
    });

    it('says that a room has no logs, which is no fault', async () => {
      const source = await place.hold(new Map());
      const output = keptOutput();
      assert.equal(await replay(source, wholeDay, 'json', output), 0);
      assert.deepEqual(output.lines(), []);
      assert.deepEqual(output.notes, [`${source.name} has no records of the room in that time (yet).`]);
      source.close();
    });

    it('stops as soon as nobody reads any more', async () => {
      const line = (i: number) => message(at('10:00:00.000'), `M${i}`, 'x'.repeat(1000));
      const source = await place.hold(
        new Map([
          [keyOf('2026-11-22T10:00', 'a'), gzipped(Array.from({ length: 1000 }, (_, i) => line(i)))],
          [keyOf('2026-11-22T10:01', 'b'), Buffer.from('never read')],
        ]),
      );
      const output = keptOutput(10_000);
      assert.equal(await replay(source, wholeDay, 'json', output), 0);
      assert.ok(output.lines().length < 200);
      assert.deepEqual(output.notes, []);
      source.close();
    });
  });
}

describe('a replay', () => {
  it('says that the folder is missing, or isn’t one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roomstream-replay-'));
    writeFileSync(join(folder, 'file'), '');
    const run = (path: string) => replay(folderSource(join(folder, path)), wholeDay, 'json', keptOutput());
    await assert.rejects(run('none'), /There are no logs \(yet\): there is no folder .*none\./);
    await assert.rejects(run('file'), /There are no logs: .*file isn't a folder/);
    rmSync(folder, { recursive: true, force: true });
  });

  it('says that the bucket is missing, or S3 unreachable', {
    skip: tools === undefined && 'needs python3',
  }, async () => {
    assert.ok(tools !== undefined);
    const moto = await startMoto(tools);
    const missing = s3Source(s3Client(moto.url), 'no-such-bucket');
    await assert.rejects(
      replay(missing, wholeDay, 'json', keptOutput()),
      /There is no bucket no-such-bucket\./,
    );
    await moto.stop();
    const away = replay(missing, wholeDay, 'json', keptOutput());
    await assert.rejects(away, /s3:\/\/no-such-bucket can't be listed: ECONNREFUSED/);
    missing.close();
  });

  it('fetches the rest of an object whose connection was cut off, and prints nothing twice', async () => {
    const content = gzipped(['A', 'B', 'C'].map((id) => message(at('10:00:00.000'), id)));
    const key = keyOf('2026-11-22T10:00', 'a');
    let opened = 0;
    const source: LogSource = {
      name: 'cut',
      keys: async function* () {
        yield key;
      },
      open: async () => cutOff(content, ++opened),
      close: () => undefined,
    };
    const output = keptOutput();
    assert.equal(await replay(source, wholeDay, 'json', output), 0);
    assert.deepEqual(output.ids(), ['A', 'B', 'C']);
    assert.equal(opened, 3);
  });
});

/** Cut off in its middle, but for the third time. */
function cutOff(content: Buffer, time: number): Readable {
  return Readable.from(
    (async function* (): AsyncGenerator<Buffer, void> {
      if (time === 3) {
        yield content;
        return;
      }
      yield content.subarray(0, content.length / 2);
      throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
    })(),
  );
}
