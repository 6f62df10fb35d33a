import { eventually } from '@roomstream/testing/eventually';
import { type Crowd, openCrowd } from './crowd.ts';
import type { CrowdReport } from './crowd-orders.ts';
import { eachOf } from './each-of.ts';
import { type Endpoints, startEndpoints } from './endpoints.ts';
import { connectRaw } from './raw-client.ts';
import { differencesOf, messagesOf, type SaidMessage, type Witness } from './recovery-verdict.ts';
import { openStage, type Stage, type StageOptions } from './stage.ts';
import { streamFrames } from './stream-frames.ts';

/** A crowd in rooms behind endpoints, who talks while gateways come and go. */
export type MovingCrowd = {
  readonly stage: Stage;
  readonly endpoints: Endpoints;
  readonly crowd: Crowd;
  readonly rooms: readonly string[];
  /** Ends the talk, waits until all have heard the last word of their room, and compares what each was told to the streams. */
  judge(): Promise<Verdict>;
  close(): Promise<void>;
};

/** What came of it, summed over all users. */
export type Verdict = {
  /** Messages that the rooms have said, and those that users should have been told together. */
  readonly messages: number;
  readonly owed: number;
  readonly missing: number;
  readonly doubled: number;
  readonly misordered: number;
  readonly strays: number;
  readonly stories: readonly string[];
  /** Clients that gave up, and why. */
  readonly gaveUp: readonly string[];
  /** From the end of a connection to the opening of the user's next one, milliseconds, of all. */
  readonly absencesMs: readonly number[];
  /** When connections opened again, milliseconds since the epoch, in order. */
  readonly returnedMs: readonly number[];
};

/** How large it is. */
export type CrowdSize = {
  readonly users: number;
  readonly rooms: number;
  readonly processes: number;
};

const lastWordWithinMs = 120_000;

/** Starts a stage, and a crowd on it; resolves when all are connected. */
export async function openMovingCrowd(
  size: CrowdSize,
  options: StageOptions & { readonly gateways: number },
): Promise<MovingCrowd> {
  const stage = await openStage({
    ...options,
    // The verdict is the stream's, from its beginning on.
    env: { ROOMSTREAM_STREAM_RETENTION_SECONDS: '86400', ...options.env },
  });
  const endpoints = await startEndpoints(stage.fleet.gateways);
  const rooms = await eachOf(Array.from({ length: size.rooms }), 4, () =>
    stage.api.createRoom({ maximumMessageRatePerSecond: 100 }),
  );
  const { region, credentials } = stage.fleet;
  const [controlPlane] = stage.fleet.controlPlanes;
  const users = Array.from({ length: size.users }, (_, n) => ({
    userId: `user-${n}`,
    roomIdentifier: rooms[n % size.rooms] ?? '',
  }));
  const signer = { ...credentials, region };
  const order = { signer, controlPlane: controlPlane?.url ?? '', url: endpoints.url, users };
  const crowd = openCrowd(order, size.processes);
  const close = async () => {
    await crowd.close();
    await endpoints.close();
    await stage.close();
  };
  try {
    await crowd.connected();
  } catch (error) {
    await close();
    throw error;
  }
  return { stage, endpoints, crowd, rooms, judge: () => judge(stage, endpoints, crowd, rooms), close };
}

async function judge(
  stage: Stage,
  endpoints: Endpoints,
  crowd: Crowd,
  rooms: readonly string[],
): Promise<Verdict> {
  await crowd.speak(0);
  await crowd.connected();
  const ends = new Map<string, string>();
  const audience = (await crowd.report()).map(({ roomIdentifier }) => roomIdentifier);
  for (const room of rooms) {
    const speaker = await connectRaw(endpoints.url, await stage.api.token(room, 'the last speaker'));
    const { Id: id } = await speaker.say('the end');
    speaker.socket.destroy();
    const count = audience.filter((one) => one === room).length;
    await eventually(async () => {
      const told = await crowd.told(room, id);
      if (told < count) throw new Error(`${told} of ${count} have heard the end`);
    }, lastWordWithinMs);
    ends.set(room, id);
  }
  const said = new Map<string, readonly SaidMessage[]>();
  for (const room of rooms) {
    said.set(room, messagesOf(await streamFrames(stage.redis, room.split('/').at(-1) ?? '')));
  }
  return verdictOf(await crowd.report(), said, ends);
}

function verdictOf(
  reports: readonly CrowdReport[],
  said: ReadonlyMap<string, readonly SaidMessage[]>,
  ends: ReadonlyMap<string, string>,
): Verdict {
  const owedIn = new Map<string, number>();
  for (const [room, end] of ends)
    owedIn.set(room, (said.get(room) ?? []).findIndex(({ id }) => id === end) + 1);
  const all = reports.map((report) => {
    const { roomIdentifier: room } = report;
    return differencesOf(witnessOf(report), said.get(room) ?? [], ends.get(room) ?? '');
  });
  const sum = (of: (one: (typeof all)[number]) => number) => all.reduce((sums, one) => sums + of(one), 0);
  const total = (values: Iterable<number>) => [...values].reduce((sums, value) => sums + value, 0);
  return {
    messages: total(owedIn.values()),
    owed: total(reports.map(({ roomIdentifier }) => owedIn.get(roomIdentifier) ?? 0)),
    missing: sum(({ missing }) => missing),
    doubled: sum(({ doubled }) => doubled),
    misordered: sum(({ misordered }) => misordered),
    strays: sum(({ strays }) => strays),
    stories: all.flatMap(({ stories }) => stories),
    gaveUp: reports.flatMap(({ userId, gaveUp }) => gaveUp.map((why) => `${userId}: ${why}`)),
    absencesMs: reports.flatMap(({ connections }) => absencesIn(connections)),
    returnedMs: reports
      .flatMap(({ connections }) => connections.slice(1).map(({ openedMs }) => openedMs))
      .sort((one, other) => one - other),
  };
}

function absencesIn(connections: CrowdReport['connections']): number[] {
  return connections.slice(1).map(({ openedMs }, n) => {
    const { closedMs = openedMs } = connections[n] ?? {};
    return Math.max(0, openedMs - closedMs);
  });
}

/** Times of another process in the clock of this one. */
function witnessOf({ userId, ids, toldMs, connections }: CrowdReport): Witness {
  const here = (ms: number) => ms - performance.timeOrigin;
  const lives = connections.map(({ openedMs, closedMs }) => ({
    openedMs: here(openedMs),
    closedMs: closedMs === undefined ? undefined : here(closedMs),
    texts: [],
  }));
  return { userId, refreshes: false, ids, toldMs: toldMs.map(here), connections: () => lives };
}
