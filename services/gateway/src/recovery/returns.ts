import type { Standing } from '@roomstream/bus/standing';
import type { UserRecordsOf } from '@roomstream/bus/user-records';
import { encodeEvent } from '@roomstream/protocol/frames';
import { newId } from '@roomstream/protocol/ids';
import { hasHistory } from '@roomstream/store/history';
import type { Room } from '@roomstream/store/records';
import type { LocalRoom } from '../session.ts';
import type { Arrival, Owed } from './arrival.ts';
import { chooseHistory, chooseRecovered, type RecoveryBounds } from './choose-frames.ts';
import { type Findings, type InquiryParts, inquire, type Persist } from './inquiry.ts';
import { type Loss, oldestOf, settledBy } from './losses.ts';
import type { Reached, TailFrame } from './room-tail.ts';
import type { HeldTail, Tails } from './tails.ts';
import type { Wishes } from './wishes.ts';

/** What arrivals are decided with. */
export type ReturnParts = InquiryParts & {
  readonly tails: Tails;
  readonly standingOf: (room: string) => Standing | undefined;
  readonly bounds: RecoveryBounds;
  readonly recovered: (
    outcome: 'recovered' | 'partial' | 'nothing',
    frames: number,
    missed: number,
    seconds: number,
  ) => void;
};

/** Who arrives. */
export type Arriving = {
  readonly room: LocalRoom;
  readonly record: Room;
  readonly userId: string;
  readonly wishes: Wishes;
  /** How long a lost connection is remembered; 0: not at all. */
  readonly windowMs: number;
};

/** The stock client forgets the Ids that it knows half a second after a refresh. */
const forgetsWithinMs = 1_000;

/**
 * What a connection is owed when it opens: a user who has been there gets what he missed, a newcomer the history that he
 * asks for. undefined: what comes from now on. The arrival's hold is to be released.
 */
export async function arrive(
  parts: ReturnParts,
  arriving: Arriving,
  known: UserRecordsOf,
  persist: Persist,
): Promise<Arrival | undefined> {
  const { room, record, wishes } = arriving;
  const isKnown = known.records.length > 0;
  const wantsHistory = wishes.history > 0 && hasHistory(record);
  const from = parts.standingOf(room.id);
  if (from === undefined || !(isKnown || wantsHistory)) return undefined;
  // Before anything is asked: what comes from here on is kept.
  const held = parts.tails.hold(room);
  if (held === undefined) return undefined;
  const start = { from, held, appended: held.tail.appended, beganMs: performance.now() };
  try {
    const findings = isKnown ? await inquire(parts, arriving, known, persist) : nobody;
    const isNew = findings.losses.length === 0 && !findings.isAnyAlive;
    return isNew && wantsHistory
      ? await comeNew(arriving, findings, start, persist)
      : await comeBack(parts, arriving, known, findings, start, persist);
  } catch (error) {
    held.release();
    throw error;
  }
}

const nobody: Findings = { losses: [], isAnyAlive: false, knownSinceMs: 0, forgotten: [] };

/** The tail, where it stood when this arrival began, and when that was. */
type Start = {
  readonly from: Standing;
  readonly held: HeldTail;
  readonly appended: number;
  readonly beganMs: number;
};

async function comeBack(
  parts: ReturnParts,
  { wishes }: Arriving,
  { erasedThrough }: UserRecordsOf,
  { losses, isAnyAlive, knownSinceMs, forgotten }: Findings,
  start: Start,
  persist: Persist,
): Promise<Arrival> {
  const { tail } = start.held;
  const oldest = oldestOf(losses);
  const reached = oldest && (await reach(start, oldest, persist));
  const choose = (): Owed => {
    if (oldest === undefined || reached === undefined) return owed(start, tail.since(start.appended));
    const since = tail.frames.slice(tail.indexBehind(reached.from));
    const sentUntilMs = isAnyAlive
      ? Number.POSITIVE_INFINITY
      : Math.max(...losses.map((loss) => loss.sentUntilMs));
    const { frames, missed } = chooseRecovered(
      since,
      { erasedThrough, knownSinceMs, sentUntilMs },
      parts.bounds,
    );
    const isUnsure = tail.isBroken || losses.some(({ certain }) => certain === undefined);
    const kind = isUnsure ? 'lost' : reached.kind;
    const isWhole = kind === 'complete' && missed === 0;
    const outcome = !isWhole ? 'partial' : frames.length === 0 ? 'nothing' : 'recovered';
    parts.recovered(outcome, frames.length, missed, (performance.now() - start.beganMs) / 1000);
    const status = wishes.wantsStatus ? [statusFrame(kind, frames.length, missed, parts.nowMs())] : [];
    return { ...owed(start, []), frames: [...status, ...frames] };
  };
  // While another connection of the user is there it may be that one's refresh: then the lost one is still to return.
  const settled = isAnyAlive ? [] : settledBy(losses);
  const gone = [...forgotten, ...settled.map(({ member }) => member)];
  return {
    held: start.held,
    choose,
    since: (appended) => owed(start, tail.since(appended)),
    certain: oldest?.certain ?? start.from,
    // Who comes back from a connection that is silent has nearly always noticed that: to his client this is no refresh.
    knownSinceMs: isAnyAlive ? parts.nowMs() + forgetsWithinMs : knownSinceMs,
    returnedFrom: gone.length === 0 ? undefined : gone.join(' '),
  };
}

async function reach({ held, from }: Start, { certain }: Loss, persist: Persist): Promise<Reached> {
  const reached = certain && (await persist(() => held.tail.reach(certain)));
  return reached ?? { kind: 'lost', from: from.position };
}

async function comeNew(
  { wishes }: Arriving,
  { forgotten }: Findings,
  start: Start,
  persist: Persist,
): Promise<Arrival> {
  const { history, withEvents } = wishes;
  const { tail } = start.held;
  const ofHistory = () => {
    const live = tail.since(start.appended).length;
    return chooseHistory(tail.frames.slice(0, tail.frames.length - live), history, withEvents);
  };
  await persist(() => tail.reachUntil(() => ofHistory().length >= history, 4 * history));
  return {
    held: start.held,
    choose: () => {
      const live = owed(start, tail.since(start.appended));
      return { ...live, frames: [...ofHistory(), ...live.frames] };
    },
    since: (appended) => owed(start, tail.since(appended)),
    certain: start.from,
    knownSinceMs: 0,
    returnedFrom: forgotten.length === 0 ? undefined : forgotten.join(' '),
  };
}

function owed({ held, from }: Start, frames: readonly TailFrame[]): Owed {
  const { tail } = held;
  return {
    frames: frames.map(({ entry }) => entry.body),
    appended: tail.appended,
    through: tail.frames.at(-1)?.position ?? from.position,
  };
}

/** For those who asked for it by `recovery=status`. */
function statusFrame(reached: Reached['kind'], replayed: number, missed: number, nowMs: number): Buffer {
  const count =
    reached === 'complete' ? `${missed}` : reached === 'too-much' ? `at least ${missed}` : 'unknown';
  return Buffer.from(
    encodeEvent({
      id: newId(),
      requestId: undefined,
      eventName: 'roomstream:RECOVERY',
      attributes: {
        recovered: `${reached === 'complete' && missed === 0}`,
        replayed: `${replayed}`,
        missed: count,
      },
      sendTimeMs: nowMs,
    }),
  );
}
