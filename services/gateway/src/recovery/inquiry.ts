import type { Gateway, UserRecord, UserRecords, UserRecordsOf } from '@roomstream/bus/user-records';
import { sleep } from '@roomstream/runtime/backoff';
import type { LocalRoom, Session } from '../session.ts';
import { isForgotten, type LastSeen, type Loss, lossesOf } from './losses.ts';
import type { Vitality } from './probe-bodies.ts';
import type { Probes } from './probes.ts';

/** What an inquiry needs. */
export type InquiryParts = {
  readonly probes: Pick<Probes, 'ask' | 'foundDead'>;
  readonly records: Pick<UserRecords<Session>, 'read' | 'gateway'>;
  /** How long a refresh waits at least. */
  readonly overlapMs: number;
  readonly nowMs: () => number;
};

/** Tries until it succeeds; undefined when the patience of the handshake ended. */
export type Persist = <T>(attempt: () => Promise<T>) => Promise<T | undefined>;

/** What has become of a user's connections. */
export type Findings = {
  readonly losses: readonly Loss[];
  readonly isAnyAlive: boolean;
  /**
   * Clients of lost connections, or of those that are alive, may have forgotten the Ids of what is older: nobody knows which of
   * them comes. Milliseconds of Redis time.
   */
  readonly knownSinceMs: number;
  /** Records that say nothing any more. */
  readonly forgotten: readonly string[];
};

/** A gateway that hasn't been heard of for this long isn't asked. */
const beatingMs = 5_000;

/** Finds out what has become of the connections that a user's records name. Rejects never. */
export async function inquire(
  parts: InquiryParts,
  {
    room,
    userId,
    windowMs,
  }: { readonly room: LocalRoom; readonly userId: string; readonly windowMs: number },
  known: UserRecordsOf,
  persist: Persist,
): Promise<Findings> {
  const live = known.records.filter(({ kind }) => kind !== 'lost');
  if (windowMs === 0) {
    if (live.length > 0) await sleep(parts.overlapMs);
    return { losses: [], isAnyAlive: live.length > 0, knownSinceMs: 0, forgotten: [] };
  }
  const beganMs = performance.now();
  const askedMs = parts.nowMs();
  const hear = (records: readonly UserRecord[], isFresh: boolean) =>
    hearOf(records, (gateway) => persist(() => parts.records.gateway(gateway, room.id, isFresh)));
  const heard = await hear(live, false);
  const forgotten = live.filter((one) => isForgotten(one, heard.get(one.gateway), askedMs - windowMs));
  const wanted = live.filter((one) => !forgotten.includes(one));
  const members = wanted
    .filter(({ gateway }) => askedMs - (heard.get(gateway)?.beatMs ?? 0) < beatingMs)
    .map(({ member }) => member);
  const vitality: ReadonlyMap<string, Vitality> =
    members.length === 0 ? new Map() : await parts.probes.ask(room, userId, members);
  const unanswered = wanted.filter(({ member }) => !vitality.has(member));
  const isUnsure = unanswered.length > 0 || [...vitality.values()].some(({ kind }) => kind === 'pending');
  const left = known.records.filter((one) => !forgotten.includes(one));
  const alive = wanted.filter(({ member }) => vitality.get(member)?.kind === 'alive');
  const isAnyAlive = alive.length > 0;
  let [records, lastSeen] = [left, heard];
  if (isUnsure) {
    // Heartbeats first: a connection that has ended is on record before the heartbeat that leaves it out.
    lastSeen = await hear(unanswered, true);
    for (const [gateway, seen] of lastSeen)
      if ((seen?.beatMs ?? 0) < askedMs) parts.probes.foundDead(gateway);
    const again = await persist(() => parts.records.read(room.id, userId));
    records = again?.records.filter((one) => one.kind === 'lost' || isAmong(one, left)) ?? left;
  }
  const losses = lossesOf(records, vitality, lastSeen);
  if (isAnyAlive) await sleep(Math.max(0, parts.overlapMs - (performance.now() - beganMs)));
  const knownSinceMs = Math.max(0, ...[...losses, ...alive].map((one) => one.knownSinceMs));
  return { losses, isAnyAlive, knownSinceMs, forgotten: forgotten.map(({ member }) => member) };
}

async function hearOf(
  records: readonly UserRecord[],
  gatewayOf: (gateway: string) => Promise<Gateway | undefined>,
): Promise<ReadonlyMap<string, LastSeen>> {
  const gateways = [...new Set(records.map(({ gateway }) => gateway))];
  const found = await Promise.all(gateways.map(gatewayOf));
  return new Map(gateways.map((gateway, n) => [gateway, found[n]]));
}

function isAmong({ member }: UserRecord, records: readonly UserRecord[]): boolean {
  return records.some((other) => other.member === member);
}
