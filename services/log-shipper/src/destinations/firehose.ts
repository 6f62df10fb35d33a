import {
  FirehoseClient,
  PutRecordBatchCommand,
  type PutRecordBatchResponseEntry,
} from '@aws-sdk/client-firehose';
import type { AwsAccess } from '@roomstream/runtime/aws-access';
import { clientConfig, sendAgainIfClosed } from '@roomstream/runtime/aws-client';
import { Backoff } from '@roomstream/runtime/backoff';
import type {
  FailureReason,
  LogDestination,
  LogRecord,
  RoomOutcome,
  RoomRecords,
} from '../log-destination.ts';
import { countUpTo } from './count-up-to.ts';
import { awsFailureReason, reasonOfCode } from './failure-reason.ts';
import { cutRequests, type FirehoseRequest, fitsRecord } from './firehose-requests.ts';
import { untilAborted } from './until-aborted.ts';

/** Tries of the records that a request didn't take, the first one included, and the pauses between. */
const tries = 4;
const pausesMs = { least: 100, most: 1_000 };

/** Opens Firehose; nothing is asked before the first delivery. */
export function openFirehose(access: AwsAccess) {
  const client = new FirehoseClient(clientConfig(access));
  return {
    of: (stream: string): LogDestination => ({
      kind: 'firehose',
      pace: 'live',
      deliver: (rooms, _windowStartMs, signal) => deliver(client, stream, rooms, signal),
    }),
    close: () => client.destroy(),
  };
}

type Failure = { readonly reason: FailureReason; readonly err: unknown };

/**
 * Requests go one after the other. A room that couldn't be sent wholly fails, and no more of it is sent; after a request
 * of which nothing was taken no other follows, and every room that isn't through fails. What a room had through before
 * its first record that wasn't taken needn't come again.
 */
async function deliver(
  client: FirehoseClient,
  stream: string,
  rooms: readonly RoomRecords[],
  signal: AbortSignal,
): Promise<RoomOutcome[]> {
  const failures = new Map<number, Failure>();
  const taken = new Map<number, string>();
  for (const request of cutRequests(rooms, (room) => failures.has(room))) {
    const { unsent, failure } = await sendRequest(client, stream, request, signal);
    noteTaken(request, unsent, taken);
    if (failure === undefined) continue;
    const isDown = unsent.length === request.records.length;
    const failed = isDown
      ? fromTo(request.roomOf[0] ?? 0, rooms.length)
      : unsent.map((at) => roomAt(request, at));
    for (const room of failed) {
      if (!failures.has(room)) failures.set(room, failure);
    }
    if (isDown) break;
  }
  return rooms.map(({ records }, room): RoomOutcome => {
    const failure = failures.get(room);
    if (failure === undefined) return { kind: 'delivered', rejected: records.filter(isTooLarge).length };
    const through = taken.get(room);
    if (through === undefined) return { kind: 'failed', ...failure };
    return {
      kind: 'failed',
      ...failure,
      taken: { through, rejected: countUpTo(records, through, isTooLarge) },
    };
  });
}

function isTooLarge(record: LogRecord): boolean {
  return !fitsRecord(record);
}

/** Moves each room's last record that is through, up to its first one that isn't. */
function noteTaken(
  { roomOf, entryIds }: FirehoseRequest,
  unsent: readonly number[],
  taken: Map<number, string>,
) {
  const left = new Set(unsent);
  const isOut = new Set<number>();
  for (const [at, room] of roomOf.entries()) {
    if (left.has(at)) isOut.add(room);
    else if (!isOut.has(room)) taken.set(room, entryIds[at] ?? '');
  }
}

/** What is left of a request: indices of its records, and why. */
type Left = { readonly unsent: readonly number[]; readonly failure: Failure | undefined };

/** Sends the records of a request, then those that weren't taken again, a few times. Never rejects. */
async function sendRequest(
  client: FirehoseClient,
  stream: string,
  request: FirehoseRequest,
  signal: AbortSignal,
): Promise<Left> {
  const backoff = new Backoff(pausesMs.least, pausesMs.most);
  let left: Left = { unsent: [...request.records.keys()], failure: undefined };
  for (let attempt = 1; attempt <= tries; attempt++) {
    if (attempt > 1) await backoff.pause(signal);
    try {
      left = await sendOnce(client, stream, request, left.unsent, signal);
    } catch (err) {
      const reason = signal.aborted ? 'timeout' : awsFailureReason(err);
      return { unsent: left.unsent, failure: { reason, err } };
    }
    if (left.failure === undefined) return left;
  }
  return left;
}

async function sendOnce(
  client: FirehoseClient,
  stream: string,
  { records }: FirehoseRequest,
  unsent: readonly number[],
  signal: AbortSignal,
): Promise<Left> {
  signal.throwIfAborted();
  const command = new PutRecordBatchCommand({
    DeliveryStreamName: stream,
    Records: unsent.length === records.length ? records : records.filter((_, at) => unsent.includes(at)),
  });
  const output = await untilAborted(
    signal,
    sendAgainIfClosed(() => client.send(command, { abortSignal: signal })),
  );
  if ((output.FailedPutCount ?? 0) === 0) return { unsent: [], failure: undefined };
  const answers = output.RequestResponses ?? [];
  const refused = unsent.filter((_, at) => answers[at]?.RecordId === undefined);
  if (refused.length === 0) return { unsent: [], failure: undefined };
  const first = answers.find((answer) => answer.ErrorCode !== undefined);
  return { unsent: refused, failure: failureOf(first, refused.length) };
}

function failureOf(answer: PutRecordBatchResponseEntry | undefined, count: number): Failure {
  const { ErrorCode: code = 'no code', ErrorMessage: message = '' } = answer ?? {};
  return {
    reason: reasonOfCode(code),
    err: new Error(`Firehose refused ${count} records, the first with ${code}: ${message}`),
  };
}

function roomAt({ roomOf }: FirehoseRequest, at: number): number {
  return roomOf[at] ?? 0;
}

function fromTo(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at);
}
