import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Published } from '@roomstream/bus/bus';
import type { Entry } from '@roomstream/bus/entry';
import type { LogTarget } from '@roomstream/bus/log-target';
import type { Review } from '@roomstream/bus/review';
import { capabilities } from '@roomstream/protocol/capabilities';
import { openLog } from '@roomstream/runtime/log';
import { presetQuotas } from '@roomstream/store/quotas';
import type { Room } from '@roomstream/store/records';
import { StoreUnavailable } from '@roomstream/store/store-unavailable';
import { type ActionParts, openActions } from './actions.ts';
import { type LocalRoom, Session } from './session.ts';

const account = '000000000000';
const room: Room = {
  account,
  id: 'AAAAAAAAAAAA',
  name: '',
  createTimeMs: 0,
  updateTimeMs: 0,
  maximumMessageRatePerSecond: 10,
  maximumMessageLength: 20,
  messageReviewHandler: undefined,
  loggingConfigurationIds: [],
  tags: {},
};

const messageReviewHandler = {
  uri: 'arn:aws:lambda:us-west-2:000000000000:function:f',
  fallbackResult: 'DENY',
} as const;

type ErrorFrame = { Type: string; Id: string; RequestId?: string; ErrorCode: number; ErrorMessage: string };

/** Actions whose edges are functions of the test. */
function open(changed: Partial<ActionParts> = {}) {
  const errors: ErrorFrame[] = [];
  const published: {
    entries: readonly Entry[];
    perSecond: number | undefined;
    logs: readonly LogTarget[];
  }[] = [];
  const logRefusals: string[] = [];
  const submitted: { review: Review; perSecond: number | undefined }[] = [];
  let permits = 0;
  const actions = openActions({
    quotas: { of: () => presetQuotas('unlimited') },
    metrics: { request: () => undefined, messagingRequest: () => undefined, error: () => undefined },
    log: openLog('test', 'silent'),
    record: () => room,
    permits: {
      take: () => {
        permits++;
        return true;
      },
      giveBack: () => void permits--,
    },
    rates: { take: async () => 1 },
    isRefused: () => false,
    publish: async (entries, perSecond, logs): Promise<Published> => {
      published.push({ entries, perSecond, logs });
      return { kind: 'published', entryId: '1-1' };
    },
    submitReview: async (review, perSecond): Promise<Published> => {
      submitted.push({ review, perSecond });
      return { kind: 'published', entryId: '1-1' };
    },
    logRefused: (_account, configuration) => void logRefusals.push(configuration),
    replyTo: ({ number }) => ({ gateway: 'GGGGGGGGGGGG', session: number }),
    send: (_session, frame) => void errors.push(JSON.parse(frame) as ErrorFrame),
    nowMs: () => 1_700_000_000_000,
    ...changed,
  });
  return { actions, errors, published, submitted, logRefusals, permitsTaken: () => permits };
}

function session(held: readonly (typeof capabilities)[number][] = capabilities): Session {
  const token = {
    id: 'TTTTTTTTTTTT',
    account,
    room: room.id,
    userId: 'ann',
    attributes: {},
    capabilities: held,
    tokenExpiresMs: 0,
    sessionExpiresMs: 0,
  };
  return new Session(1, token, { account, id: room.id } as LocalRoom, '192.0.2.1');
}

const send = { Action: 'SEND_MESSAGE', Content: 'hello', RequestId: 'r1' };
const frame = (request: unknown) => Buffer.from(JSON.stringify(request));

test('a message goes to the room with its sender, its RequestId and the time of Redis', async () => {
  const { actions, errors, published } = open();
  actions.frame(session(), frame({ ...send, Attributes: { a: 'b' } }), false);
  await actions.idle();
  assert.deepEqual(errors, []);
  assert.equal(published.length, 1);
  assert.equal(published[0]?.perSecond, 10);
  const entry = published[0]?.entries[0];
  assert.deepEqual(JSON.parse(entry?.body ?? ''), {
    Type: 'MESSAGE',
    Id: entry?.id,
    RequestId: 'r1',
    Attributes: { a: 'b' },
    Content: 'hello',
    SendTime: '2023-11-14T22:13:20.000Z',
    Sender: { UserId: 'ann', Attributes: {} },
  });
});

test('a message to a room with a handler goes to review alone, with its sender’s address', async () => {
  const { actions, published, submitted, permitsTaken } = open({
    record: () => ({ ...room, messageReviewHandler }),
  });
  const ann = session();
  // Encoded for a message before the room had a handler: the attributes must still be found.
  ann.sender();
  actions.frame(ann, frame({ ...send, Attributes: { a: 'b' } }), false);
  await actions.idle();
  const { id, ...review } = submitted[0]?.review ?? assert.fail();
  assert.match(id, /^[a-zA-Z0-9]{12}$/);
  assert.deepEqual(review, {
    account,
    room: room.id,
    requestId: 'r1',
    content: 'hello',
    attributes: { a: 'b' },
    sender: { userId: 'ann', attributes: {}, ip: '192.0.2.1' },
    handler: messageReviewHandler,
    maximumMessageLength: room.maximumMessageLength,
    replyTo: { gateway: 'GGGGGGGGGGGG', session: 1 },
    logs: [],
  });
  assert.deepEqual([submitted.length, submitted[0]?.perSecond, published, permitsTaken()], [1, 10, [], 1]);
});

test('a deletion is one event, a disconnection an event and the order to disconnect, in one publish without the room’s rate', async () => {
  const { actions, published } = open();
  actions.frame(session(), frame({ Action: 'DELETE_MESSAGE', Id: 'MMMMMMMMMMMM', Reason: 'spam' }), false);
  actions.frame(session(), frame({ Action: 'DISCONNECT_USER', UserId: 'bob', RequestId: 'r2' }), false);
  await actions.idle();
  assert.deepEqual(
    published.map(({ entries, perSecond }) => [entries.map((entry) => entry.kind), perSecond]),
    [
      [['frame'], undefined],
      [['frame', 'disconnect'], undefined],
    ],
  );
  const [event, order] = published[1]?.entries ?? [];
  assert.equal(order?.body, 'bob');
  assert.notEqual(order?.id, event?.id, 'readers drop an Id that they have seen');
  const deletion = JSON.parse(published[0]?.entries[0]?.body ?? '') as { Attributes: unknown };
  assert.deepEqual(deletion.Attributes, {
    MessageId: 'MMMMMMMMMMMM',
    MessageID: 'MMMMMMMMMMMM',
    Reason: 'spam',
  });
});

const away = async () => {
  throw new Error('away');
};
const refusals: {
  name: string;
  bytes?: Buffer;
  isBinary?: boolean;
  held?: [];
  parts?: Partial<ActionParts>;
  code: number;
  requestId?: string;
}[] = [
  { name: 'binary frames', isBinary: true, code: 400 },
  { name: 'what is not JSON', bytes: Buffer.from('{'), code: 400 },
  { name: 'an unknown Action', bytes: frame({ ...send, Action: 'JUMP' }), code: 400, requestId: 'r1' },
  {
    name: 'Content beyond the room’s maximum',
    bytes: frame({ ...send, Content: 'x'.repeat(21) }),
    code: 400,
    requestId: 'r1',
  },
  { name: 'frames beyond 16 KB', bytes: Buffer.alloc(16 * 1024 + 1, ' '), code: 413 },
  { name: 'an action without its capability', held: [], code: 403, requestId: 'r1' },
  { name: 'a deleted room', parts: { record: () => undefined }, code: 404, requestId: 'r1' },
  {
    name: 'a message that can’t be handed to review',
    parts: {
      record: () => ({ ...room, messageReviewHandler }),
      submitReview: async () => ({ kind: 'unavailable' }),
    },
    code: 500,
    requestId: 'r1',
  },
  {
    name: 'a room with a handler whose rate is used up',
    parts: {
      record: () => ({ ...room, messageReviewHandler }),
      submitReview: async () => ({ kind: 'rate-exceeded', retryAfterMs: 5 }),
    },
    code: 429,
    requestId: 'r1',
  },
  {
    name: 'an account whose rate is used up',
    parts: { permits: { take: () => false, giveBack: () => undefined } },
    code: 429,
    requestId: 'r1',
  },
  {
    name: 'a deletion beyond the account’s rate',
    bytes: frame({ Action: 'DELETE_MESSAGE', Id: 'MMMMMMMMMMMM', RequestId: 'r1' }),
    parts: { rates: { take: async () => 0 } },
    code: 429,
    requestId: 'r1',
  },
  {
    name: 'a room whose rate is used up',
    parts: { publish: async () => ({ kind: 'rate-exceeded', retryAfterMs: 5 }) },
    code: 429,
    requestId: 'r1',
  },
  {
    name: 'a room whose log is full',
    parts: { publish: async () => ({ kind: 'log-full', configuration: 'LLLLLLLLLLLL' }) },
    code: 429,
    requestId: 'r1',
  },
  {
    name: 'a publish that is not confirmed',
    parts: { publish: async () => ({ kind: 'unavailable' }) },
    code: 500,
    requestId: 'r1',
  },
  { name: 'a store that is away', parts: { record: away }, code: 500, requestId: 'r1' },
];

for (const {
  name,
  bytes = frame(send),
  isBinary = false,
  held = capabilities,
  parts,
  code,
  requestId,
} of refusals) {
  test(`${name}: ERROR ${code}`, async () => {
    const { actions, errors } = open(parts);
    actions.frame(session(held), bytes, isBinary);
    await actions.idle();
    assert.equal(errors.length, 1);
    const [error] = errors;
    assert.match(error?.Id ?? '', /^[a-zA-Z0-9]{12}$/);
    assert.deepEqual([error?.Type, error?.ErrorCode, error?.RequestId], ['ERROR', code, requestId]);
  });
}

test('Content of exactly the maximum passes, counted in code points', async () => {
  const { actions, errors, published } = open();
  actions.frame(session(), frame({ ...send, Content: '😀'.repeat(20) }), false);
  await actions.idle();
  assert.deepEqual([errors.length, published.length], [0, 1]);
});

test('a room whose rate is known to be used up takes no permit of the account at all', async () => {
  const { actions, errors, published, permitsTaken } = open({ isRefused: () => true });
  actions.frame(session(), frame(send), false);
  await actions.idle();
  assert.deepEqual([errors[0]?.ErrorCode, published.length, permitsTaken()], [429, 0, 0]);
});

test('a permit of the account comes back when the room’s rate refuses, and not when the outcome is unknown', async () => {
  const flooded = open({ publish: async () => ({ kind: 'rate-exceeded', retryAfterMs: 5 }) });
  flooded.actions.frame(session(), frame(send), false);
  await flooded.actions.idle();
  assert.equal(flooded.permitsTaken(), 0);
  const unknown = open({ publish: async () => ({ kind: 'unavailable' }) });
  unknown.actions.frame(session(), frame(send), false);
  await unknown.actions.idle();
  assert.equal(unknown.permitsTaken(), 1);
});

const logged = { ...room, loggingConfigurationIds: ['LLLLLLLLLLLL', 'KKKKKKKKKKKK'] };
const logsWhenFull = { own: { LLLLLLLLLLLL: 'block' }, others: 'drop-oldest' } as const;
const loggedQuotas = { of: () => ({ ...presetQuotas('unlimited'), logsWhenFull }) };
const loggedTo = [
  { configuration: 'LLLLLLLLLLLL', whenFull: 'block' },
  { configuration: 'KKKKKKKKKKKK', whenFull: 'drop-oldest' },
];
const moderationLoggedTo = [{ configuration: 'LLLLLLLLLLLL', whenFull: 'exceed' }, loggedTo[1]];

test('all that is sent to a room goes to its logs, with what the accounts file says of a full one, but none of them blocks moderators; review takes them along', async () => {
  const { actions, published } = open({ record: () => logged, quotas: loggedQuotas });
  const one = session();
  actions.frame(one, frame(send), false);
  actions.frame(one, frame({ Action: 'DELETE_MESSAGE', Id: 'MMMMMMMMMMMM' }), false);
  actions.frame(one, frame({ Action: 'DISCONNECT_USER', UserId: 'bob' }), false);
  await actions.idle();
  assert.deepEqual(
    published.map(({ logs }) => logs),
    [loggedTo, moderationLoggedTo, moderationLoggedTo],
  );
  const reviewed = open({ record: () => ({ ...logged, messageReviewHandler }), quotas: loggedQuotas });
  reviewed.actions.frame(session(), frame(send), false);
  await reviewed.actions.idle();
  assert.deepEqual(reviewed.submitted[0]?.review.logs, loggedTo);
});

test('messages of rooms without logging carry one and the same empty list', async () => {
  const { actions, published } = open();
  for (let i = 0; i < 2; i++) actions.frame(session(), frame(send), false);
  await actions.idle();
  assert.deepEqual(published[0]?.logs, []);
  assert.equal(published[0]?.logs, published[1]?.logs);
});

test('what a full log refuses is counted by its configuration, gives the account’s permit back, and doesn’t tell viewers which it is', async () => {
  const full = async (): Promise<Published> => ({ kind: 'log-full', configuration: 'LLLLLLLLLLLL' });
  for (const parts of [
    { publish: full, record: () => logged },
    { submitReview: full, record: () => ({ ...logged, messageReviewHandler }) },
  ]) {
    const { actions, errors, logRefusals, permitsTaken } = open(parts);
    actions.frame(session(), frame(send), false);
    await actions.idle();
    assert.deepEqual([logRefusals, permitsTaken()], [['LLLLLLLLLLLL'], 0]);
    assert.match(errors[0]?.ErrorMessage ?? '', /log is full/);
    assert.doesNotMatch(errors[0]?.ErrorMessage ?? '', /LLLLLLLLLLLL/);
  }
});

test('during an outage no message makes a line of the log; other errors are warnings', async () => {
  const log = openLog('test', 'silent');
  const levels: string[] = [];
  log.warn = () => void levels.push('warn');
  log.debug = () => void levels.push('debug');
  for (const error of [new StoreUnavailable('read room', undefined), new TypeError('a bug')]) {
    const { actions, errors } = open({
      log,
      record: async () => {
        throw error;
      },
    });
    actions.frame(session(), frame(send), false);
    await actions.idle();
    assert.equal(errors[0]?.ErrorCode, 500);
  }
  assert.deepEqual(levels, ['debug', 'warn']);
});

test('an account that is pending verification may receive, and gets 403 for every action', async () => {
  // "... or the account is blocked from using chat because the account is pending verification" (403, messaging reference)
  const quotas = { ...presetQuotas('ivs'), isPendingVerification: true };
  const { actions, errors, published } = open({ quotas: { of: () => quotas } });
  actions.frame(session(), frame(send), false);
  await actions.idle();
  assert.deepEqual([errors.length, errors[0]?.ErrorCode, published.length], [1, 403, 0]);
});

test('the eleventh request of a second on a connection gets 429 with its RequestId; wrong frames count too', async () => {
  const { actions, errors, published } = open({ quotas: { of: () => presetQuotas('ivs') } });
  const one = session();
  for (let i = 0; i < 5; i++) actions.frame(one, frame(send), false);
  for (let i = 0; i < 5; i++) actions.frame(one, Buffer.from('{'), false);
  actions.frame(one, frame({ ...send, RequestId: 'eleventh' }), false);
  actions.frame(session(), frame({ ...send, RequestId: 'another connection' }), false);
  await actions.idle();
  assert.deepEqual(
    errors.filter((error) => error.ErrorCode === 429).map((error) => error.RequestId),
    ['eleventh'],
  );
  assert.equal(published.length, 6);
});

test('requests of a connection reach the bus in their order, though the first must wait for the record', async () => {
  let answer: (found: Room) => void = () => undefined;
  const reading = new Promise<Room>((resolve) => {
    answer = resolve;
  });
  let asked = 0;
  const { actions, published } = open({ record: () => (asked++ === 0 ? reading : room) });
  const one = session();
  for (const Content of ['first', 'second', 'third']) actions.frame(one, frame({ ...send, Content }), false);
  answer(room);
  await actions.idle();
  const contents = published.map(
    ({ entries }) => (JSON.parse(entries[0]?.body ?? '') as { Content: string }).Content,
  );
  assert.deepEqual(contents, ['first', 'second', 'third']);
});

test('after the end of the session nothing is accepted: ERROR 401', async () => {
  const { actions, errors, published } = open();
  const one = session();
  one.hasEnded = true;
  actions.frame(one, frame(send), false);
  await actions.idle();
  assert.deepEqual([errors[0]?.ErrorCode, published.length], [401, 0]);
});

test('a frame beyond 16 KB gets ERROR 413 with its RequestId, so that who waits for the answer gets it', async () => {
  const { actions, errors } = open();
  actions.frame(session(), frame({ ...send, Filler: 'x'.repeat(17_000) }), false);
  actions.frame(session(), Buffer.from('x'.repeat(17_000)), false);
  await actions.idle();
  assert.deepEqual(
    errors.map(({ ErrorCode, RequestId }) => [ErrorCode, RequestId]),
    [
      [413, 'r1'],
      [413, undefined],
    ],
  );
});
