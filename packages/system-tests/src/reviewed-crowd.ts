import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@roomstream/testing/eventually';
import { type Behaviour, type HandlerEndpoint, respond } from './handler-endpoint.ts';
import { connectRaw, type RawClient, type ServerFrame } from './raw-client.ts';
import { assertSameView } from './room-view.ts';
import type { Stage } from './stage.ts';

/** What a crowd needs of a stage: any deployment of Redis will do. */
type Place = Pick<Stage, 'api' | 'url'>;

/** What a sender has asked, and how often it was answered with what. */
type Asked = { readonly n: number; readonly word: Word; readonly answers: ServerFrame[] };
type Word = 'pass' | 'edit' | 'deny';

type Sender = { readonly client: RawClient; readonly name: string; readonly asked: Map<string, Asked> };

type CrowdRoom = {
  readonly arn: string;
  readonly fallbackResult: 'ALLOW' | 'DENY';
  readonly senders: readonly Sender[];
  readonly watcher: RawClient;
};

/** How it went. */
export type CrowdReport = {
  readonly sent: number;
  readonly delivered: number;
  readonly denied: number;
  /** Denied by fallbackResult, although the handler would have let them pass. */
  readonly fallenBack: number;
  /** Answered with another error: the message may or may not have been delivered. */
  readonly unsure: number;
};

/**
 * People in rooms with a handler each, half of the rooms with fallbackResult DENY, where every third message is one that
 * the handler denies; two senders in each room on different gateways, and one who only looks on.
 */
export type ReviewedCrowd = {
  /** Every sender sends so many messages at once. */
  send(each: number): void;
  /** How many requests were answered. */
  answered(): number;
  sent(): number;
  /** How many messages the handlers let pass where fallbackResult wouldn't have. */
  passed(): number;
  /** Resolves when every request was answered. */
  settled(withinMs: number): Promise<void>;
  /**
   * The verdict of the fault tests, after one more message in each room: each request has one answer, nothing was
   * delivered twice or to some only, nothing that the handler denies was delivered, nothing was lost that fallbackResult
   * lets pass, and each sender's messages and answers came in his order.
   */
  assertGuarantees(options?: { readonly mayBeUnsure?: boolean }): Promise<CrowdReport>;
  leave(): void;
};

/** Obeys the second word after 50 to 500 ms, so that hundreds are in hand at any time. */
const obey: Behaviour = async (response, { Content }) => {
  await delay(50 + Math.random() * 450);
  if (Content.includes(' deny ')) {
    respond(response, { ReviewResult: 'DENY', Attributes: { Reason: 'as it asked' } });
  } else {
    const edited = Content.includes(' edit ') ? `${Content}!` : Content;
    respond(response, { ReviewResult: 'ALLOW', Content: edited, Attributes: null });
  }
};

/** Opens the rooms and connects everyone. `rooms` is even. */
export async function openReviewedCrowd(
  stage: Place,
  handlers: HandlerEndpoint,
  rooms: number,
): Promise<ReviewedCrowd> {
  const open = (_: unknown, n: number) =>
    openRoom(stage, handlers.define(`room-${n}`, obey), n % 2 === 0 ? 'ALLOW' : 'DENY');
  const all = await Promise.all(Array.from({ length: rooms }, open));
  const senders = all.flatMap((room) => room.senders);
  const requests = () => senders.flatMap((sender) => [...sender.asked.values()]);
  const answered = () => requests().filter(({ answers }) => answers.length > 0).length;
  return {
    send: (each) => {
      for (let n = 0; n < each; n++) {
        for (const room of all) for (const sender of room.senders) sendOne(sender, room.fallbackResult);
      }
    },
    answered,
    sent: () => requests().length,
    passed: () =>
      all
        .filter(({ fallbackResult }) => fallbackResult === 'DENY')
        .flatMap(({ senders }) => senders.flatMap(({ asked }) => [...asked.values()]))
        .filter(({ answers }) => answers.some(isMessage)).length,
    settled: async (withinMs) => {
      await eventually(() => {
        const open = requests().length - answered();
        if (open > 0) throw new Error(`${open} of ${requests().length} requests were not answered`);
      }, withinMs);
    },
    assertGuarantees: async ({ mayBeUnsure = false } = {}) => {
      await Promise.all(all.map(sayTheEnd));
      for (const room of all) assertRoom(room, mayBeUnsure);
      return report(all);
    },
    leave: () => {
      for (const { senders, watcher } of all) {
        for (const { client } of senders) client.socket.destroy();
        watcher.socket.destroy();
      }
    },
  };
}

async function openRoom(stage: Place, uri: string, fallbackResult: 'ALLOW' | 'DENY'): Promise<CrowdRoom> {
  const arn = await stage.api.createRoom({
    maximumMessageRatePerSecond: 100,
    messageReviewHandler: { uri, fallbackResult },
  });
  const connect = async (name: string, gateway: number) =>
    connectRaw(stage.url(gateway), await stage.api.token(arn, name));
  const sender = async (name: string, gateway: number): Promise<Sender> => {
    const client = await connect(name, gateway);
    return { client, name, asked: new Map() };
  };
  const [left, right, watcher] = await Promise.all([
    sender('left', 0),
    sender('right', 1),
    connect('watcher', 0),
  ]);
  const senders = [left, right];
  for (const one of senders) collectAnswers(one);
  return { arn, fallbackResult, senders, watcher };
}

/** RequestIds are the sender's own: MESSAGE frames of others carry others. */
function collectAnswers({ client, asked }: Sender): void {
  client.onFrame((frame) => asked.get(frame.RequestId ?? '')?.answers.push(frame));
}

function sendOne(sender: Sender, fallbackResult: 'ALLOW' | 'DENY'): void {
  const n = sender.asked.size;
  // What falls back to ALLOW may pass whatever the handler would say, so nobody asks to be denied there.
  const word = (['pass', 'edit', fallbackResult === 'DENY' ? 'deny' : 'pass'] as const)[n % 3] ?? 'pass';
  const RequestId = randomUUID();
  sender.asked.set(RequestId, { n, word, answers: [] });
  const Content = `${sender.name} ${word} ${n}`;
  sender.client.socket.sendText(JSON.stringify({ Action: 'SEND_MESSAGE', Content, RequestId }));
}

/** Goes the same way as all before, so that when it has arrived everywhere nothing is on its way any more. */
async function sayTheEnd(room: CrowdRoom): Promise<void> {
  const [speaker] = room.senders;
  assert.ok(speaker !== undefined);
  const last = await eventually(async () => {
    const frame = await speaker.client.say('the end', 30_000);
    assert.equal(frame.Type, 'MESSAGE', frame.ErrorMessage);
    return frame;
  }, 60_000);
  for (const client of clientsOf(room)) await client.received((frame) => frame.Id === last.Id, 30_000);
}

const clientsOf = (room: CrowdRoom): readonly RawClient[] => [
  ...room.senders.map((sender) => sender.client),
  room.watcher,
];

const isMessage = (frame: ServerFrame): boolean => frame.Type === 'MESSAGE';
/** Refused or not confirmed by the gateway: no verdict. */
const isUnsure = (frame: ServerFrame): boolean => frame.Type === 'ERROR' && frame.ErrorCode !== 406;

function assertRoom(room: CrowdRoom, mayBeUnsure: boolean): void {
  const requests = room.senders.flatMap((sender) => [...sender.asked.values()]);
  for (const { n, word, answers } of requests) {
    const [first, ...more] = answers;
    assert.ok(first !== undefined, `request ${n} was not answered`);
    if (isUnsure(first)) {
      assert.ok(mayBeUnsure, `request ${n} was refused: ${JSON.stringify(first)}`);
      // "It may still take effect": once.
      assert.ok(more.length <= 1, `request ${n} got ${JSON.stringify(answers)}`);
      continue;
    }
    assert.deepEqual(more, [], `request ${n} was answered more than once`);
    if (word === 'deny') assert.ok(!answers.some(isMessage), `request ${n} was denied and delivered`);
    if (room.fallbackResult === 'ALLOW')
      assert.ok(isMessage(first), `request ${n} was lost: ${first.ErrorMessage}`);
  }
  const confirmed = requests.flatMap(({ answers }) => answers.filter(isMessage).map((frame) => frame.Id));
  assertSameView(clientsOf(room), confirmed);
  const texts = room.watcher.frames().map((frame) => frame.Content ?? '');
  assert.ok(!texts.some((text) => text.includes(' deny ')), 'a denied message reached the room');
  for (const sender of room.senders) assertOrder(sender, room.watcher);
}

/** Those that the gateway didn't confirm may come at any time. */
function assertOrder({ client, name, asked }: Sender, watcher: RawClient): void {
  const unsure = new Set<string>();
  for (const [id, { answers }] of asked) if (answers.some(isUnsure)) unsure.add(id);
  for (const [who, frames] of [
    ['the sender', client.frames()],
    ['the watcher', watcher.frames()],
  ] as const) {
    const numbers = frames.flatMap(({ RequestId = '' }) =>
      unsure.has(RequestId) ? [] : (asked.get(RequestId)?.n ?? []),
    );
    const sorted = [...numbers].sort((a, b) => a - b);
    assert.deepEqual(numbers, sorted, `${who} saw what ${name} said in another order`);
  }
}

function report(rooms: readonly CrowdRoom[]): CrowdReport {
  const requests = rooms.flatMap((room) => room.senders.flatMap((sender) => [...sender.asked.values()]));
  const count = (fits: (asked: Asked, first: ServerFrame) => boolean) =>
    requests.filter((asked) => asked.answers[0] !== undefined && fits(asked, asked.answers[0])).length;
  return {
    sent: requests.length,
    delivered: count((_, first) => isMessage(first)),
    denied: count(({ word }, first) => word === 'deny' && first.ErrorCode === 406),
    fallenBack: count(({ word }, first) => word !== 'deny' && first.ErrorCode === 406),
    unsure: count((_, first) => isUnsure(first)),
  };
}
