import type { Entry, Received } from '@roomstream/bus/entry';
import type { RecordState } from '@roomstream/bus/user-records';
import { newId } from '@roomstream/protocol/ids';
import type { LocalRooms } from '../rooms.ts';
import type { LocalRoom, Session } from '../session.ts';
import type { Acknowledgements } from './acknowledgements.ts';
import { decodeAnswer, decodeProbe, encodeAnswer, encodeProbe, type Vitality } from './probe-bodies.ts';

/** What probes need. */
export type ProbeParts = {
  readonly gatewayId: string;
  readonly rooms: Pick<LocalRooms, 'find' | 'sessionsOf'>;
  readonly acknowledgements: Pick<Acknowledgements, 'prove' | 'certainOf'>;
  /** Publishes one entry of a room; what fails stays unanswered. */
  readonly publish: (entry: Entry) => Promise<unknown>;
  readonly count: (outcome: 'alive' | 'lost' | 'unanswered', connections: number) => void;
};

/** A connection that doesn't answer a ping for this long has missed what it was sent. */
const pongWithinMs = 1_000;

/** A gateway that doesn't answer within this time is dead, or very busy. */
const answerWithinMs = 1_500;

/** A gateway that is dead isn't asked for this long: those who return from it come together. */
const deadForMs = 5_000;

/** How a connection of this gateway ended is known for this long at least, and until its record says it. */
const endedKnownMs = 10_000;

type Pending = {
  readonly gateways: Set<string>;
  readonly found: Map<string, Vitality>;
  readonly settle: () => void;
};

/**
 * Asks the gateways of a user's other connections whether these are truly alive, and answers when asked. Questions and
 * answers are entries of the room: they come in the order of its frames, to whoever has connections in it.
 */
export class Probes {
  readonly #parts: ProbeParts;
  readonly #pending = new Map<number, Pending>();
  /** Dead gateways, and when they were found so. */
  readonly #dead = new Map<string, number>();
  /** Numbers of connections on their way. */
  readonly #opening = new Set<number>();
  /** Connections that were lost, and when. */
  readonly #lost = new Map<number, { readonly session: Session; readonly atMs: number }>();
  #questions = 0;

  constructor(parts: ProbeParts) {
    this.#parts = parts;
  }

  /**
   * What is known of connections, by member; those of gateways that don't answer are missing. It takes as long as the
   * slowest of them, 1.5 s at most. Never rejects.
   */
  async ask(
    room: LocalRoom,
    userId: string,
    members: readonly string[],
  ): Promise<ReadonlyMap<string, Vitality>> {
    const { gatewayId } = this.#parts;
    const own = members.filter((member) => gatewayOf(member) === gatewayId);
    const others = members.filter((member) => gatewayOf(member) !== gatewayId && this.#mayAnswer(member));
    const [here, there] = await Promise.all([
      this.#examine(room, userId, own),
      this.#askOthers(room, userId, others),
    ]);
    const found = new Map([...here, ...there]);
    const count = (kind: Vitality['kind']) => [...found.values()].filter((one) => one.kind === kind).length;
    this.#parts.count('alive', count('alive'));
    this.#parts.count('lost', count('lost'));
    this.#parts.count('unanswered', members.length - found.size);
    return found;
  }

  /** Somebody asks. */
  onProbe(entry: Received): void {
    const { gatewayId, rooms, publish } = this.#parts;
    const probe = decodeProbe(entry.body);
    const room = rooms.find(entry.room);
    if (probe === undefined || probe.asker === gatewayId || room === undefined) return;
    const own = probe.members.filter((member) => gatewayOf(member) === gatewayId);
    if (own.length === 0) return;
    const { account, id } = room;
    const { asker, number } = probe;
    void this.#examine(room, probe.userId, own).then((vitality) =>
      publish({
        kind: 'answer',
        account,
        room: id,
        id: newId(),
        body: encodeAnswer({ asker, number, vitality }),
      }),
    );
  }

  /** Somebody has answered. */
  onAnswer(entry: Received): void {
    const answer = decodeAnswer(entry.body);
    if (answer === undefined || answer.asker !== this.#parts.gatewayId) return;
    for (const member of answer.vitality.keys()) this.#dead.delete(gatewayOf(member));
    const pending = this.#pending.get(answer.number);
    if (pending === undefined) return;
    for (const [member, vitality] of answer.vitality) {
      pending.found.set(member, vitality);
      pending.gateways.delete(gatewayOf(member));
    }
    if (pending.gateways.size === 0) pending.settle();
  }

  /** A gateway that hasn't answered gives no other sign of life either. */
  foundDead(gateway: string): void {
    this.#dead.set(gateway, performance.now());
  }

  /** A connection of this gateway is on its way, or no longer so. */
  began(session: Session): void {
    this.#opening.add(session.number);
  }

  decided(session: Session): void {
    this.#opening.delete(session.number);
  }

  /** A connection of this gateway was lost. */
  lost(session: Session): void {
    const nowMs = performance.now();
    for (const [number, { session: other, atMs }] of this.#lost) {
      if (nowMs - atMs < endedKnownMs) break;
      if (other.isRecorded) this.#lost.delete(number);
    }
    this.#lost.set(session.number, { session, atMs: nowMs });
  }

  #mayAnswer(member: string): boolean {
    const gateway = gatewayOf(member);
    const foundMs = this.#dead.get(gateway);
    if (foundMs === undefined) return true;
    const nowMs = performance.now();
    if (nowMs - foundMs < deadForMs) return false;
    // One tries whether it lives again; the others go on meanwhile.
    this.#dead.set(gateway, nowMs);
    return true;
  }

  async #askOthers(
    room: LocalRoom,
    userId: string,
    members: readonly string[],
  ): Promise<ReadonlyMap<string, Vitality>> {
    if (members.length === 0) return new Map();
    const { gatewayId, publish } = this.#parts;
    const number = this.#questions++ % 1e9;
    const gateways = new Set(members.map(gatewayOf));
    const found = new Map<string, Vitality>();
    const body = encodeProbe({ asker: gatewayId, number, members, userId });
    await new Promise<void>((resolve) => {
      const settle = () => {
        clearTimeout(timer);
        this.#pending.delete(number);
        resolve();
      };
      // After a turn that took long the answer may be there, and not read yet.
      const timer = setTimeout(() => setImmediate(settle), answerWithinMs);
      this.#pending.set(number, { gateways, found, settle });
      void publish({ kind: 'probe', account: room.account, room: room.id, id: newId(), body });
    });
    return found;
  }

  /** What is true of connections of this gateway, those that have ended among them. */
  async #examine(
    room: LocalRoom,
    userId: string,
    members: readonly string[],
  ): Promise<ReadonlyMap<string, Vitality>> {
    const sessions = members.length === 0 ? [] : this.#parts.rooms.sessionsOf(room, userId);
    const found = await Promise.all(
      members.map(async (member): Promise<[string, Vitality]> => {
        const number = Number(member.slice(member.indexOf('/') + 1));
        const session = sessions.find((one) => one.number === number);
        return [member, session === undefined ? this.#fateOf(number) : await this.#vitalityOf(session)];
      }),
    );
    return new Map(found);
  }

  async #vitalityOf(session: Session): Promise<Vitality> {
    const { acknowledgements } = this.#parts;
    // After ERROR 401 clients leave, and return: they are not asked.
    if (!session.hasEnded && (await acknowledgements.prove(session, pongWithinMs))) return { kind: 'alive' };
    if (session.left !== undefined) return vitalityOf(session.left);
    session.isSuperseded = true;
    return { kind: 'lost', certain: acknowledgements.certainOf(session) };
  }

  #fateOf(number: number): Vitality {
    const left = this.#lost.get(number)?.session.left;
    if (left !== undefined) return vitalityOf(left);
    return { kind: this.#opening.has(number) ? 'pending' : 'ended' };
  }
}

function vitalityOf(state: RecordState): Vitality {
  if (state.kind !== 'lost') return { kind: 'ended' };
  return { kind: 'lost', certain: state.certain };
}

/** The gateway of a connection named `<gateway>/<session number>`. */
export function gatewayOf(member: string): string {
  return member.slice(0, member.indexOf('/'));
}
