import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { readSettings } from '@roomstream/runtime/settings';
import type { Destination, LoggingConfiguration } from '@roomstream/store/records';
import { type Moto, startMoto } from '@roomstream/testing/moto';
import { pythonTools } from '@roomstream/testing/python-tools';
import { type Destinations, openDestinations } from '../src/destinations/destinations.ts';
import { destinationSettings } from '../src/destinations/settings.ts';
import type { LogRecord, RoomOutcome, RoomRecords, Taken } from '../src/log-destination.ts';

export const region = 'eu-central-1';
export const account = '123456789012';

/** Credentials of every service; nothing checks them. */
const keys = Object.fromEntries(
  ['S3', 'CLOUDWATCH_LOGS', 'FIREHOSE'].flatMap((area) => [
    [`ROOMSTREAM_${area}_ACCESS_KEY_ID`, 'test'],
    [`ROOMSTREAM_${area}_SECRET_ACCESS_KEY`, 'test'],
  ]),
);

/** Moto in the place of AWS. */
export async function startAwsMoto(): Promise<Moto> {
  return startMoto((await pythonTools()) ?? assert.fail('python3 without venv'));
}

/** What a client of the tests needs to speak with it. */
export function accessTo({ url }: Moto) {
  return { endpoint: url, region, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
}

/** Settings by which all three services of AWS are at one URL. */
export function allAt(url: string): Record<string, string> {
  return {
    ...keys,
    ROOMSTREAM_S3_ENDPOINT: url,
    ROOMSTREAM_S3_FORCE_PATH_STYLE: 'true',
    ROOMSTREAM_CLOUDWATCH_LOGS_ENDPOINT: url,
    ROOMSTREAM_FIREHOSE_ENDPOINT: url,
  };
}

/** Destinations that are closed with the test. */
export function open(t: TestContext, environment: Record<string, string>): Destinations {
  const destinations = openDestinations(readSettings(destinationSettings, environment), region);
  t.after(() => destinations.close());
  return destinations;
}

export function configuration(destination: Destination, id = 'CfgAbCdEfGhI'): LoggingConfiguration {
  return {
    account,
    id,
    name: '',
    createTimeMs: 0,
    updateTimeMs: 0,
    destination,
    state: 'ACTIVE',
    tags: {},
  };
}

/** A record with its number in it; `size` bytes or what it needs. */
export function aRecord(number: number, ms: number, size = 0): LogRecord {
  const sendTime = new Date(ms).toISOString();
  const json = (content: string) =>
    JSON.stringify({
      event_timestamp: sendTime,
      type: 'MESSAGE',
      version: '1.0',
      payload: { Id: `id-${number}`, Content: content },
    });
  const text = `"ä✓😀\\${number}`;
  const padding = Math.max(0, size - Buffer.byteLength(json(text)));
  const line = Buffer.from(json(`${text}${'x'.repeat(padding)}`));
  return { entryId: `${ms}-${number}`, ms, sendTime, line };
}

/** `count` records of a room, a millisecond apart up to about now. */
export function aRoom(room: string, count: number, options: { size?: number; fromMs?: number } = {}) {
  const fromMs = options.fromMs ?? Date.now() - count - 60_000;
  const records = Array.from({ length: count }, (_, at) => aRecord(at, fromMs + at, options.size));
  return { account, room, records } satisfies RoomRecords;
}

/** The records as lines. */
export function linesOf({ records }: RoomRecords): string {
  return records.map(({ line }) => `${line}\n`).join('');
}

/** A signal that aborts only if the test hangs. */
export function patience(ms = 120_000): AbortSignal {
  return AbortSignal.timeout(ms);
}

export const delivered: RoomOutcome = { kind: 'delivered', rejected: 0 };

/** What kind of outcome each room had: `delivered` or the reason. */
export function kinds(outcomes: readonly RoomOutcome[]): string[] {
  return outcomes.map((outcome) => (outcome.kind === 'failed' ? outcome.reason : outcome.kind));
}

/** What the service has of each room that failed. */
export function takenOf(outcomes: readonly RoomOutcome[]): (Taken | undefined)[] {
  return outcomes.map((outcome) => (outcome.kind === 'failed' ? outcome.taken : undefined));
}

/** A folder that goes with the test. */
export function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'roomstream-log-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A request to AWS as the test's server sees it. */
export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** `PutLogEvents` and the like, of the JSON protocols. */
  readonly operation: string;
};

/** An HTTP server in the place of AWS that answers as the test says; not at all when `answer` does nothing. */
export async function startAws(
  t: TestContext,
  answer: (asked: Asked, response: ServerResponse) => void,
): Promise<{ readonly url: string; readonly asked: readonly Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const target = request.headers['x-amz-target'];
      const one = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks),
        operation: typeof target === 'string' ? (target.split('.')[1] ?? '') : '',
      };
      asked.push(one);
      answer(one, response);
    });
  });
  return { url: await listen(t, server), asked };
}

async function listen(t: TestContext, server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Answers in the JSON protocol: an error when `body` has a `__type`. */
export function answerJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'x-amzn-requestid': '3f6a0b0e-7a2c-4a4e-9a6c-6f5f2c1d0e9b',
  });
  response.end(JSON.stringify(body));
}

/** Answers with an error of S3. */
export function answerS3Error(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml', 'x-amz-request-id': '4442587FB7D0A2F9' });
  response.end(
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>as the test says</Message><RequestId>4442587FB7D0A2F9</RequestId><HostId>host</HostId></Error>`,
  );
}

/** Asserts that a delivery ends soon after its signal. */
export async function endsWithin(ms: number, delivery: Promise<readonly RoomOutcome[]>) {
  const startMs = performance.now();
  const outcomes = await delivery;
  const tookMs = performance.now() - startMs;
  assert.ok(tookMs < ms, `took ${tookMs} ms`);
  return outcomes;
}
