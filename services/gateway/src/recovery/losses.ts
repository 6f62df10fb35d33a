import { isBefore, type Position } from '@roomstream/bus/position';
import type { Standing } from '@roomstream/bus/standing';
import type { Gateway, UserRecord } from '@roomstream/bus/user-records';
import type { Vitality } from './probe-bodies.ts';

/** A connection of the user that didn't end cleanly. */
export type Loss = {
  /** Its record. */
  readonly member: string;
  /** When it began, milliseconds of Redis time. */
  readonly beganMs: number;
  /** Up to there it had everything; undefined: nobody knows. */
  readonly certain: Standing | undefined;
  /** What is older isn't sent again: milliseconds of Redis time. */
  readonly knownSinceMs: number;
  /** When its gateway saw that it was lost, milliseconds of Redis time: it was sent nothing later. Infinity: nobody knows. */
  readonly sentUntilMs: number;
  /** It may open yet: its record stays. */
  readonly isPending?: boolean;
};

/** What the last heartbeat of a gateway that doesn't answer says; undefined when Redis didn't say. */
export type LastSeen = Pick<Gateway, 'beatMs' | 'place'> | undefined;

/** What of a user's records is lost, by what his gateways say. `lastSeen`: of the gateways that didn't answer. */
export function lossesOf(
  records: readonly UserRecord[],
  vitality: ReadonlyMap<string, Vitality>,
  lastSeen: ReadonlyMap<string, LastSeen>,
): readonly Loss[] {
  return records.flatMap((record): Loss | readonly [] => {
    const { member, gateway, kind, beganMs, certain, knownSinceMs, writtenMs } = record;
    const loss = { member, beganMs, certain, knownSinceMs, sentUntilMs: Number.POSITIVE_INFINITY };
    if (kind === 'lost') return { ...loss, sentUntilMs: writtenMs };
    const found = vitality.get(member);
    switch (found?.kind) {
      case 'alive':
      case 'ended':
        return [];
      case 'pending':
        return { ...loss, isPending: true };
      case 'lost':
        return { ...loss, certain: found.certain ?? certain };
      default:
        return { ...loss, certain: placeOf(record, lastSeen.get(gateway)) };
    }
  });
}

/**
 * A heartbeat counts for connections that answered, and were there when it came. It is of all connections of its gateway:
 * what one of them had when its record was written may be more.
 */
function placeOf({ kind, writtenMs, certain }: UserRecord, seen: LastSeen): Standing | undefined {
  const isCounted = kind === 'open' && seen?.beatMs !== undefined && seen.beatMs > writtenMs;
  if (!isCounted || seen.place === undefined) return certain;
  return certain !== undefined && isBefore(seen.place.position, certain.position) ? certain : seen.place;
}

/** Whether a record is of a gateway that has been dead since before `sinceMs`: nobody is owed anything for it. */
export function isForgotten({ kind, writtenMs }: UserRecord, seen: LastSeen, sinceMs: number): boolean {
  return kind !== 'lost' && seen !== undefined && Math.max(writtenMs, seen.beatMs ?? 0) < sinceMs;
}

/** The one that goes back the farthest, of those of which anybody knows how far. */
export function oldestOf(losses: readonly Loss[]): Loss | undefined {
  const known = losses.filter(({ certain }) => certain !== undefined);
  return known.reduce<Loss | undefined>(
    (oldest, loss) => (oldest === undefined || isEarlier(loss, oldest) ? loss : oldest),
    known[0] ?? losses[0],
  );
}

/**
 * The records that go when the user has returned: that of the latest loss, and those of connections that had ended before
 * it began. It was their user's return; others may be of devices that are to return yet, and still find the oldest one.
 */
export function settledBy(losses: readonly Loss[]): readonly Loss[] {
  const open = losses.filter(({ isPending }) => isPending !== true);
  const newest = open.reduce<Loss | undefined>(
    (latest, loss) => (latest === undefined || loss.beganMs >= latest.beganMs ? loss : latest),
    undefined,
  );
  return open.filter((loss) => loss === newest || loss.sentUntilMs <= (newest?.beganMs ?? 0));
}

function isEarlier(a: Loss, b: Loss): boolean {
  const before: Position = { ms: -1, seq: 0 };
  return isBefore(a.certain?.position ?? before, b.certain?.position ?? before);
}
