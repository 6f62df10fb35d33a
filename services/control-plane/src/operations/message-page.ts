import type { RoomPart, RoomRange, Standing } from '@roomstream/bus/bus';
import { formatPosition, isBefore, justBefore, type Position, parsePosition } from '@roomstream/bus/position';
import { HistoryPick, type HistoryWish } from '@roomstream/protocol/history';
import { isId } from '@roomstream/protocol/ids';
import { fieldError } from '../errors.ts';

/** Where a listing of messages goes on. Places are ids of entries, `<ms>-<seq>`. */
export type MessagePosition = {
  /** With what is older than this. */
  readonly before: string;
  /**
   * Deletions up to `through` are known, and which of the messages ahead they are about. Absent when those were too many to
   * be carried along: then all deletions behind `before` are read again.
   */
  readonly known?: { readonly through: string; readonly deleted: readonly string[] };
};

/** One page. Without `next` there is no more; a page may be shorter than asked for, even empty, and still have one. */
export type MessagePage = {
  /** Newest first. */
  readonly frames: readonly string[];
  readonly next: MessagePosition | undefined;
};

/** Reads a part of the room; see the bus. */
export type ReadRoom = (range: RoomRange) => Promise<RoomPart>;

/** Frames and bytes of one read at most. */
const mostFrames = 1_000;
const mostBytes = 1024 * 1024;

/** Frames looked at for one page, beyond which it ends early: a room may have a thousand events for each message. */
const mostLookedAt = 5_000;

/** Reads of what came since the last page, beyond which a token is too old. */
const mostFreshReads = 20;

/** Deleted messages that a token carries along at most: with them it has less than 4,096 characters. */
const mostDeletedAhead = 180;

/** By so much the clocks of two masters of Redis may differ: a shard's ids are its own master's, `nowMs` is another's. */
const clockMarginMs = 5_000;

/**
 * Reads the next page of a room's messages. A message is left out when it is deleted by the time of this read, wherever its
 * deletion stands: on this page, on one before, or among what has come since. `nowMs` is Redis's time before the read.
 */
export async function readMessagePage(
  read: ReadRoom,
  nowMs: number,
  wish: Omit<HistoryWish, 'deleted'>,
  from: MessagePosition | undefined,
): Promise<MessagePage> {
  const history = new HistoryPick({ ...wish, deleted: from?.known?.deleted ?? [] });
  const newest = from === undefined ? undefined : await noteFreshDeletions(read, history, from);
  const walk = await walkBack(read, history, wish.most, from);
  if (walk.before === undefined) return { frames: history.frames, next: undefined };
  const deleted = history.deletedAhead.filter(isId);
  if (deleted.length > mostDeletedAhead) return { frames: history.frames, next: { before: walk.before } };
  const seen = from === undefined ? walk.newest : (newest ?? from.known?.through);
  const through = latest(formatPosition({ ms: nowMs - clockMarginMs, seq: 0 }), seen);
  return { frames: history.frames, next: { before: walk.before, known: { through, deleted } } };
}

/** Notes what has been deleted since the last page; the place of the newest frame, if one has come. */
async function noteFreshDeletions(
  read: ReadRoom,
  history: HistoryPick,
  from: MessagePosition,
): Promise<string | undefined> {
  const position = parsePosition(from.known?.through ?? from.before);
  // How much was added up to there isn't known, so what the bus says of lost entries doesn't count.
  const after: Standing = { position, added: 0, identity: '' };
  let newest: string | undefined;
  let through: Position | undefined;
  for (let reads = 0; reads < mostFreshReads; reads++) {
    const part = await read({ after, through, mostFrames, mostBytes, countsRest: false });
    for (const { body } of part.frames) history.note(body);
    newest ??= part.frames.at(-1)?.entryId;
    if (isAll(part)) return newest;
    through = justBefore(reachOf(part));
  }
  throw fieldError('nextToken', 'is too old: too much was said since; list again from the newest message');
}

/** Shows the history its frames until it is full; without `before` there are no more. */
async function walkBack(
  read: ReadRoom,
  history: HistoryPick,
  most: number,
  from: MessagePosition | undefined,
): Promise<{ readonly before: string | undefined; readonly newest: string | undefined }> {
  let through = from === undefined ? undefined : justBefore(parsePosition(from.before));
  let newest: string | undefined;
  let before: string | undefined;
  let lookedAt = 0;
  // One more than the page has says whether there is a next one; mostly one read does it.
  for (let wanted = most + 1; ; wanted = Math.min(wanted * 2, mostFrames)) {
    const part = await read({ after: undefined, through, mostFrames: wanted, mostBytes, countsRest: false });
    newest ??= part.frames.at(-1)?.entryId;
    for (const { id, entryId, body } of part.frames.toReversed()) {
      if (!history.take(id, body)) return { before, newest };
      before = entryId;
    }
    if (isAll(part)) return { before: undefined, newest };
    const reach = reachOf(part);
    lookedAt += part.frames.length;
    // Fewer than wanted: the scan has gone as far as one goes.
    const isEnough = part.frames.length < wanted || lookedAt >= mostLookedAt;
    if (isEnough) return { before: formatPosition(reach), newest };
    through = justBefore(reach);
  }
}

/** Whether nothing of the wanted range was left out. */
function isAll(part: RoomPart): boolean {
  return part.isComplete && part.omitted === 0;
}

/** How far back a part goes that isn't all: what is older than this is still to be read. */
function reachOf({ frames: [oldest], omitted, scannedTo }: RoomPart): Position {
  if (omitted > 0 && oldest !== undefined) return parsePosition(oldest.entryId);
  if (scannedTo === undefined) throw new Error('a scan that stopped early does not say where');
  return scannedTo;
}

/** The later of two places. */
function latest(a: string, b: string | undefined): string {
  return b === undefined || isBefore(parsePosition(b), parsePosition(a)) ? a : b;
}
