import { setImmediate as turnOfEventLoop } from 'node:timers/promises';
import { decodeEntry } from './entry.ts';
import { judge, readState } from './judge.ts';
import { formatPosition, isBefore, type Position, parsePosition } from './position.ts';
import type { RoomPart, RoomRange } from './read-room.ts';
import { type Chunk, type Found, RoomRequest } from './room-request.ts';
import type { RoomReply, Scripts } from './scripts.ts';
import type { Shard, Shards } from './shards.ts';
import { formatStanding, type Standing } from './standing.ts';

/** Places that one run of the script looks for. */
const mostJudged = 200;

type Waiting = {
  readonly request: RoomRequest;
  readonly resolve: (part: RoomPart) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Reads frames of rooms. A shard's stream is read in one place at a time, for whoever waits longest, and all take part whom that
 * serves too: when a gateway dies, many users of many rooms want the same of it.
 */
export class RoomReader {
  readonly #scripts: Pick<Scripts, 'readRoom' | 'readPositions'>;
  readonly #shards: Shards;
  /** In the order in which they came. */
  readonly #waiting = new Map<Shard, Set<Waiting>>();

  constructor(scripts: Pick<Scripts, 'readRoom' | 'readPositions'>, shards: Shards) {
    this.#scripts = scripts;
    this.#shards = shards;
  }

  /** Frames of a room. Rejects when Redis is away. */
  read(room: string, range: RoomRange): Promise<RoomPart> {
    return new Promise((resolve, reject) => {
      const shard = this.#shards.of(room);
      const waiting = { request: new RoomRequest(room, range), resolve, reject };
      const others = this.#waiting.get(shard);
      if (others === undefined) void this.#serve(shard, new Set([waiting]));
      else others.add(waiting);
    });
  }

  /** Reads until nobody waits. Never rejects. */
  async #serve(shard: Shard, all: Set<Waiting>): Promise<void> {
    this.#waiting.set(shard, all);
    // What else comes in this turn takes part from the beginning.
    await turnOfEventLoop();
    for (let [first] = all; first !== undefined; [first] = all) {
      const { before } = first.request;
      const served = [...all].filter(({ request }) => request.isServedFrom(before));
      for (const waiting of await this.#advance(shard, before, served)) all.delete(waiting);
    }
    this.#waiting.delete(shard);
  }

  /** Reads one chunk for these; which of them have got their answer. Never rejects. */
  async #advance(
    shard: Shard,
    before: Position | undefined,
    served: readonly Waiting[],
  ): Promise<readonly Waiting[]> {
    try {
      const requests = served.map(({ request }) => request);
      const chunk = await this.#read(shard, before, requests);
      for (const request of requests) request.take(chunk);
      return await this.#settle(
        shard,
        served.filter(({ request }) => request.isDone),
      );
    } catch (error) {
      for (const { reject } of served) reject(error);
      return served;
    }
  }

  async #read(shard: Shard, before: Position | undefined, requests: readonly RoomRequest[]): Promise<Chunk> {
    const from = before === undefined ? '+' : `(${formatPosition(before)}`;
    const lower = leastOf(requests.map((request) => request.lower));
    const to = lower === undefined ? '-' : `(${formatPosition(lower)}`;
    const rooms = new Map<string, boolean>();
    for (const { room, wantsFrames } of requests) rooms.set(room, wantsFrames || rooms.get(room) === true);
    const wanted = Array.from(rooms, ([room, wantsFrames]) => (wantsFrames ? 'f' : 'c') + room);
    const count = requests.reduce((most, { wantsEntries }) => Math.max(most, wantsEntries), 1);
    return readChunk(await this.#scripts.readRoom(shard.stream, [from, to, count, ...wanted]), count);
  }

  /**
   * Judges the places from which on these have been read, now that they have: what was there to the end of the reading was there
   * all the time. Answers those that are settled; the others have to be read on.
   */
  async #settle(shard: Shard, done: readonly Waiting[]): Promise<readonly Waiting[]> {
    const verdicts = await this.#judge(
      shard,
      done.map(({ request }) => request.range.after),
    );
    return done.filter(({ request, resolve }) => {
      const { after } = request.range;
      const verdict = after === undefined ? 'sound' : (verdicts.get(formatStanding(after)) ?? 'sound');
      if (verdict === 'ids-went-back' && request.rewind()) return false;
      resolve(request.part(verdict));
      return true;
    });
  }

  /** Verdicts on places, by their texts. */
  async #judge(
    shard: Shard,
    all: readonly (Standing | undefined)[],
  ): Promise<ReadonlyMap<string, RoomPart['verdict']>> {
    const standings = new Map<string, Standing>();
    for (const standing of all) if (standing !== undefined) standings.set(formatStanding(standing), standing);
    const verdicts = new Map<string, RoomPart['verdict']>();
    const texts = [...standings];
    for (let from = 0; from < texts.length; from += mostJudged) {
      const part = texts.slice(from, from + mostJudged);
      const places = part.flatMap(([, { position, identity }]) => [formatPosition(position), identity]);
      const reply = await this.#scripts.readPositions(shard.stream, places);
      part.forEach(([text, standing], i) => {
        verdicts.set(text, judge(standing, readState(reply, i)));
      });
    }
    return verdicts;
  }
}

function readChunk([scanned, lastId, ...rows]: RoomReply, count: number): Chunk {
  const frames = new Map<string, Found[]>();
  for (let i = 0; i + 1 < rows.length; i += 2) {
    const id = (rows[i] as Buffer).toString('latin1');
    const bytes = rows[i + 1] as Buffer;
    const entry = decodeEntry(bytes, 0, bytes.length, id);
    if (entry === undefined) continue;
    const found = { position: parsePosition(id), entry };
    const ofRoom = frames.get(entry.room);
    if (ofRoom === undefined) frames.set(entry.room, [found]);
    else ofRoom.push(found);
  }
  const end = scanned < count ? undefined : parsePosition(lastId.toString('latin1'));
  return { scanned, end, frames };
}

/** The first one in the stream; undefined: its beginning. */
function leastOf(positions: readonly (Position | undefined)[]): Position | undefined {
  let least = positions[0];
  for (const position of positions) {
    if (position === undefined || least === undefined) return undefined;
    if (isBefore(position, least)) least = position;
  }
  return least;
}
