import { eventually } from '@roomstream/testing/eventually';
import { openFrameSocket } from './frame-socket.ts';
import { idOf } from './log-configurations.ts';
import type { ServerFrame } from './raw-client.ts';
import type { Stage } from './stage.ts';

/** How much a crowd says. */
export type Talk = {
  /** Messages that must have been confirmed when it ends. */
  readonly messages: number;
  /** Of all rooms together. */
  readonly perSecond: number;
  /** Where; in every room when absent. */
  readonly rooms?: readonly string[];
};

/** One who talks in each of several logged rooms without waiting for answers, and keeps what he gets. */
export type LoggedCrowd = {
  /** Resolves when so many more messages were confirmed and every request was answered. */
  talk(talk: Talk): Promise<void>;
  /** Talks until the function that it returns is called; that resolves when every request was answered. */
  keepTalking(perSecond: number, rooms?: readonly string[]): () => Promise<void>;
  /** Messages confirmed so far, in all rooms or in one. */
  confirmed(room?: string): number;
  /** ERROR frames so far. */
  errors(room?: string): readonly ServerFrame[];
  /** Milliseconds from sending to receiving, of each confirmed message since the last call. */
  takeLatencies(): readonly number[];
  /** Every MESSAGE and EVENT frame of a room, to the byte and in order, after one more message that ends them. */
  finish(): Promise<ReadonlyMap<string, readonly string[]>>;
  leave(): void;
};

type Seat = {
  /** The room's id. */
  readonly room: string;
  readonly texts: string[];
  readonly errors: ServerFrame[];
  readonly sentMs: Map<string, number>;
  confirmed: number;
  isOpen(): boolean;
  send(): void;
};

/** Requests of a room that may be without an answer. */
const mostOpen = 40;
/** On a slow machine, with Redis away for a while. */
const answersWithinMs = 60_000;

/** Connects one to each room (ARNs), to the gateways in turn. `padding` makes each message longer by so many bytes. */
export async function openLoggedCrowd(
  stage: Pick<Stage, 'api' | 'url'>,
  rooms: readonly string[],
  padding = 100,
): Promise<LoggedCrowd> {
  const content = 'x'.repeat(padding);
  let latencies: number[] = [];
  const sit = async (arn: string, n: number): Promise<Seat & { leave(): void }> => {
    const [texts, errors, sentMs] = [[] as string[], [] as ServerFrame[], new Map<string, number>()];
    let count = 0;
    const onText = (payload: Buffer) => {
      const text = payload.toString();
      const frame = JSON.parse(text) as ServerFrame;
      const since = sentMs.get(frame.RequestId ?? '');
      if (since !== undefined) sentMs.delete(frame.RequestId ?? '');
      if (frame.Type === 'ERROR') {
        errors.push(frame);
        return;
      }
      texts.push(text);
      if (since === undefined) return;
      seat.confirmed++;
      latencies.push(performance.now() - since);
    };
    const socket = await openFrameSocket(stage.url(n % 2), await stage.api.token(arn, `user-${n}`), {
      onText,
    });
    const seat = {
      room: idOf(arn),
      texts,
      errors,
      sentMs,
      confirmed: 0,
      isOpen: socket.isOpen,
      send: () => {
        const RequestId = `${n}-${count++}`;
        sentMs.set(RequestId, performance.now());
        const Content = `${RequestId} ${content}`;
        socket.sendText(JSON.stringify({ Action: 'SEND_MESSAGE', Content, RequestId }));
      },
      leave: socket.destroy,
    };
    return seat;
  };
  const seats = await Promise.all(rooms.map(sit));
  const seatsOf = (some: readonly string[] = rooms) => {
    const ids = new Set(some.map(idOf));
    return seats.filter(({ room }) => ids.has(room));
  };
  const answered = (some: readonly Seat[]) =>
    eventually(() => {
      const open = some.reduce((sum, { sentMs }) => sum + sentMs.size, 0);
      if (open > 0) throw new Error(`${open} requests were not answered`);
      const gone = some.filter((seat) => !seat.isOpen());
      if (gone.length > 0) throw new Error(`the connections of ${gone.map(({ room }) => room)} have ended`);
    }, answersWithinMs);
  const total = (some: readonly Seat[]) => some.reduce((sum, { confirmed }) => sum + confirmed, 0);
  return {
    talk: async ({ messages, perSecond, rooms: some }) => {
      const where = seatsOf(some);
      const goal = total(where) + messages;
      const stop = pace(where, perSecond, () => goal - total(where));
      try {
        const within = answersWithinMs + (messages / perSecond) * 10_000;
        await eventually(() => total(where) >= goal, within);
      } finally {
        stop();
      }
      await answered(where);
    },
    keepTalking: (perSecond, some) => {
      const where = seatsOf(some);
      const stop = pace(where, perSecond, () => Number.POSITIVE_INFINITY);
      return () => {
        stop();
        return answered(where);
      };
    },
    confirmed: (room) => total(seatsOf(room === undefined ? undefined : [room])),
    errors: (room) => seatsOf(room === undefined ? undefined : [room]).flatMap(({ errors }) => errors),
    takeLatencies: () => latencies.splice(0),
    finish: async () => {
      await answered(seats);
      for (const seat of seats) {
        await eventually(async () => {
          const before = seat.confirmed;
          seat.send();
          await answered([seat]);
          if (seat.confirmed === before) throw new Error(`refused: ${JSON.stringify(seat.errors.at(-1))}`);
        }, answersWithinMs);
      }
      latencies = [];
      return new Map(seats.map(({ room, texts }) => [room, texts]));
    },
    leave: () => {
      for (const seat of seats) seat.leave();
    },
  };
}

/** Sends in turn at the rate; a room that answers slowly is passed over. Returns what stops it. */
function pace(seats: readonly Seat[], perSecond: number, wanted: () => number): () => void {
  const tickMs = 5;
  let [next, budget, last] = [0, 0, performance.now()];
  const timer = setInterval(() => {
    const now = performance.now();
    // What a stall of this process has missed is not made up for: it would be a burst.
    budget = Math.min(budget + ((now - last) * perSecond) / 1000, Math.max(1, perSecond / 10));
    last = now;
    const open = seats.reduce((sum, { sentMs }) => sum + sentMs.size, 0);
    let most = Math.min(Math.floor(budget), wanted() - open);
    for (let tries = 0; tries < seats.length && most > 0; tries++) {
      const seat = seats[next++ % seats.length];
      if (seat === undefined || seat.sentMs.size >= mostOpen) continue;
      seat.send();
      [most, budget, tries] = [most - 1, budget - 1, -1];
    }
  }, tickMs);
  return () => clearInterval(timer);
}
