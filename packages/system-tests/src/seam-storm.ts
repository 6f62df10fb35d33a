import assert from 'node:assert/strict';
import { eventually } from '@roomstream/testing/eventually';
import { eachOf } from './each-of.ts';
import { type FrameSocket, openFrameSocket } from './frame-socket.ts';
import type { Stage } from './stage.ts';

/** Thousands who are lost at once and come back while their rooms go on talking. */
export type Storm = {
  readonly rooms: number;
  readonly users: number;
  /** Messages a second of each room. */
  readonly roomRate: number;
  /** How many of them come back at the same time. */
  readonly atOnce: number;
};

/** What those who came back have seen. */
export type Seams = {
  /** Frames that they received, live ones among them. */
  readonly frames: number;
  readonly seconds: number;
};

/** Messages that the rooms say while everybody is there: some may have been received, some not. */
const saidBefore = 3;
/** Live messages that everyone waits for behind the seam. */
const liveFrames = 20;
const returnWithinMs = 60_000;

type Place = {
  readonly arn: string;
  readonly name: number;
  readonly speaker: FrameSocket;
  /** Messages that it has sent. */
  sent: number;
  /** Messages that it has seen confirmed. */
  confirmed: number;
  /** What it got instead. */
  readonly refusals: string[];
};

/**
 * Half of the users are on a gateway that is killed, the others' connections are dropped. All return to two other
 * gateways; each must see its room's numbers without a gap, once and in order, from what it missed to live ones. Rejects
 * with what the first one saw that didn't.
 */
export async function runStorm(stage: Stage, storm: Storm): Promise<Seams> {
  const doomed = await stage.fleet.addGateway();
  const sockets: FrameSocket[] = [];
  const names = Array.from({ length: storm.rooms }, (_, n) => n);
  const places = await eachOf(names, 4, async (name) => {
    const place = await openPlace(stage, name, storm.roomRate);
    sockets.push(place.speaker);
    return place;
  });
  const users = Array.from({ length: storm.users }, (_, n) => ({
    userId: `user-${n}`,
    place: places[n % storm.rooms] as Place,
    isDoomed: n % 2 === 0,
  }));
  let timer: NodeJS.Timeout | undefined;
  try {
    const lost = await eachOf(users, storm.atOnce, async ({ userId, place, isDoomed }) => {
      const url = isDoomed ? doomed.url : stage.url(0);
      const socket = await openFrameSocket(url, await stage.api.token(place.arn, userId));
      sockets.push(socket);
      return { socket, isDoomed };
    });
    for (const place of places) for (let n = 0; n < saidBefore; n++) speak(place);
    await eventually(() => places.every(({ confirmed }) => confirmed === saidBefore));
    await Promise.all([
      doomed.kill('SIGKILL'),
      ...lost.flatMap(({ socket, isDoomed }) => {
        if (!isDoomed) socket.destroy();
        return isDoomed ? socket.ended : [];
      }),
    ]);
    const begunMs = performance.now();
    timer = setInterval(() => {
      const due = ((performance.now() - begunMs) / 1000) * storm.roomRate;
      for (const place of places) while (place.sent < due) speak(place);
    }, 5);
    const counts = await eachOf(users, storm.atOnce, ({ userId, place }) => comeBack(stage, userId, place));
    for (const { refusals } of places) assert.deepEqual(refusals, [], 'the storm was not what it should be');
    return {
      frames: counts.reduce((sum, count) => sum + count, 0),
      seconds: (performance.now() - begunMs) / 1000,
    };
  } finally {
    clearInterval(timer);
    for (const socket of sockets) socket.destroy();
  }
}

async function openPlace(stage: Stage, name: number, roomRate: number): Promise<Place> {
  const arn = await stage.api.createRoom({ maximumMessageRatePerSecond: 2 * roomRate });
  const place = { arn, name, sent: 0, confirmed: 0, refusals: [] as string[] };
  const speaker = await openFrameSocket(stage.url(1), await stage.api.token(arn, 'speaker'), {
    onText: (payload) => {
      if (payload.includes('"Type":"MESSAGE"')) place.confirmed++;
      else place.refusals.push(payload.toString());
    },
  });
  return Object.assign(place, { speaker });
}

function speak(place: Place): void {
  const content = `${place.name}:${place.sent++}`;
  place.speaker.sendText(JSON.stringify({ Action: 'SEND_MESSAGE', Content: content, RequestId: content }));
}

/** Comes back, checks every frame, and leaves when enough were live; how many frames there were. */
async function comeBack(stage: Stage, userId: string, place: Place): Promise<number> {
  const url = stage.url(Number(userId.split('-')[1]) % 3 === 0 ? 1 : 0);
  const token = await stage.api.token(place.arn, userId);
  let frames = 0;
  let next: number | undefined;
  let enough = Number.POSITIVE_INFINITY;
  const { promise, resolve, reject } = withResolvers();
  const onText = (payload: Buffer) => {
    const [, room, number] = /"Content":"(\d+):(\d+)"/.exec(payload.toString('latin1')) ?? [];
    const isFirst = next === undefined;
    if (Number(room) !== place.name || (isFirst ? Number(number) > saidBefore : Number(number) !== next)) {
      const wanted = isFirst ? `at most ${saidBefore}` : next;
      reject(new Error(`${userId} got ${room}:${number}, wanted ${place.name}:${wanted}, frame ${frames}`));
    }
    next = Number(number) + 1;
    frames++;
    if (next > enough) resolve();
  };
  const socket = await openFrameSocket(url, token, { onText });
  // What is confirmed later was said behind the seam.
  enough = place.confirmed + liveFrames;
  const late = () => reject(new Error(`${userId} got ${frames} frames, next ${next}, not up to ${enough}`));
  const timer = setTimeout(late, returnWithinMs);
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
  assert.ok(frames > liveFrames);
  return frames;
}

function withResolvers(): { promise: Promise<void>; resolve(): void; reject(error: Error): void } {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  // Awaited a little later than it may reject.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
