import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { readBody } from '@roomstream/testing/read-body';
import { byRoom, type LoggedLines, linesOf } from './logged-lines.ts';

/** A record that Firehose has delivered. */
export type Delivery = { readonly line: string; readonly atMs: number };

/**
 * An HTTP endpoint as Firehose delivers to: it sees the records in the order in which Firehose got them, which the objects
 * of a bucket don't show.
 */
export type DeliveryEndpoint = {
  /** Where the delivery stream of this name is to deliver. */
  urlOf(stream: string): string;
  deliveries(stream: string): readonly Delivery[];
  close(): Promise<void>;
};

/** Starts it on a free port of loopback. */
export async function startDeliveryEndpoint(): Promise<DeliveryEndpoint> {
  const streams = new Map<string, Delivery[]>();
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const { records } = JSON.parse(body.toString()) as { records: { data: string }[] };
      const stream = decodeURIComponent((request.url ?? '').slice(1));
      const known = streams.get(stream) ?? [];
      streams.set(stream, known);
      for (const { data } of records) {
        const lines = linesOf(Buffer.from(data, 'base64'));
        if (lines.length !== 1) throw new Error(`${lines.length} lines in one record`);
        known.push({ line: lines[0] ?? '', atMs: Date.now() });
      }
      response.end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    urlOf: (stream) => `http://127.0.0.1:${port}/${encodeURIComponent(stream)}`,
    deliveries: (stream) => streams.get(stream) ?? [],
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The lines of each room in the order of delivery; `roomOf` finds the room of a message or event by its Id. */
export function deliveryLines(
  deliveries: readonly Delivery[],
  roomOf: (line: string) => string,
): LoggedLines {
  return byRoom(deliveries.map(({ line }) => [roomOf(line), line] as const));
}

/** All records that Firehose has put into a bucket; objects of the same second stand in any order. */
export async function readDeliveredBucket(client: S3Client, Bucket: string): Promise<readonly string[]> {
  const { Contents = [], IsTruncated } = await client.send(new ListObjectsV2Command({ Bucket }));
  if (IsTruncated === true) throw new Error('more objects than are read');
  const lines: string[] = [];
  for (const { Key } of Contents) {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
    lines.push(...linesOf(Buffer.from((await Body?.transformToByteArray()) ?? [])));
  }
  return lines;
}
