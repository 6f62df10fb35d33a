import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { GetObjectCommand, ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import { eachOf } from './each-of.ts';
import { byRoom, type LoggedLines, linesOf, payloadOf } from './logged-lines.ts';

/** A log object of S3, or a file of a folder. */
export type LoggedObject = {
  readonly key: string;
  /** ETags of all that was written under the key; a file has none. */
  readonly etags: readonly string[];
  /** When it was written last, in milliseconds; S3 tells whole seconds. */
  readonly writtenMs: number;
  readonly lines: readonly string[];
};

/** All objects of a bucket whose versions are kept (`createBucket` of log services does), sorted by key. */
export async function readBucket(client: S3Client, Bucket: string): Promise<readonly LoggedObject[]> {
  const versions = new Map<string, { etags: string[]; writtenMs: number }>();
  let marks: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
  for (;;) {
    const page = await client.send(new ListObjectVersionsCommand({ Bucket, ...marks }));
    for (const { Key = '', ETag = '', LastModified } of page.Versions ?? []) {
      const known = versions.get(Key) ?? { etags: [], writtenMs: 0 };
      known.etags.push(ETag);
      known.writtenMs = Math.max(known.writtenMs, LastModified?.getTime() ?? 0);
      versions.set(Key, known);
    }
    if (page.IsTruncated !== true) break;
    marks = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
  }
  const objects = await eachOf([...versions], 8, async ([key, version]) => {
    const { Body, ContentEncoding } = await client.send(new GetObjectCommand({ Bucket, Key: key }));
    // With it HTTP clients would keep a .log.gz that isn't one.
    if (ContentEncoding !== undefined) throw new Error(`${key} has Content-Encoding ${ContentEncoding}`);
    const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
    return { key, ...version, lines: linesOf(gunzipSync(bytes)) };
  });
  return objects.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** All files of a folder destination, sorted by key. */
export function readFolder(folder: string): readonly LoggedObject[] {
  return (
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      // A file that isn't there whole yet has a name that begins with a dot.
      .filter((key) => !basename(key).startsWith('.') && statSync(join(folder, key)).isFile())
      .sort()
      .map((key) => ({
        key,
        etags: [],
        writtenMs: statSync(join(folder, key)).mtimeMs,
        lines: linesOf(gunzipSync(readFileSync(join(folder, key)))),
      }))
  );
}

/**
 * The lines of each room, objects in the order of their first records: the key tells the minute alone, and tests have
 * shorter windows.
 */
export function objectLines(objects: readonly LoggedObject[]): LoggedLines {
  const sendTime = ({ lines }: LoggedObject) => payloadOf(lines[0] ?? '').SendTime ?? '';
  const sorted = objects
    .map((object) => ({ object, at: sendTime(object) }))
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  return byRoom(
    sorted.flatMap(({ object: { key, lines } }) => {
      const room = /_room_([^_]+)_/.exec(key)?.[1] ?? '';
      return lines.map((line) => [room, line] as const);
    }),
  );
}

/** Fails when a record stands in two objects, or an object was overwritten by other bytes; returns the overwrites. */
export function assertOverwrittenOnly(objects: readonly LoggedObject[]): number {
  const keyOf = new Map<string, string>();
  let overwrites = 0;
  for (const { key, etags, lines } of objects) {
    overwrites += etags.length - 1;
    if (new Set(etags).size > 1) throw new Error(`${key} was overwritten by another content`);
    for (const line of lines) {
      const { Id } = payloadOf(line);
      const other = keyOf.get(Id);
      if (other !== undefined) throw new Error(`${Id} stands in ${other} and in ${key}`);
      keyOf.set(Id, key);
    }
  }
  return overwrites;
}
