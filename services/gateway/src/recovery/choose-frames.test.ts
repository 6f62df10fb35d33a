import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deleteMessageAttributes, eventName } from '@roomstream/protocol/events';
import { encodeEvent, encodeMessage, encodeSender } from '@roomstream/protocol/frames';
import { deletedMessageIdOf, typeOf } from '@roomstream/protocol/read-frame';
import { chooseHistory, chooseRecovered } from './choose-frames.ts';
import type { TailFrame } from './room-tail.ts';

const common = { requestId: undefined, attributes: {}, sendTimeMs: 0 };
const sender = encodeSender('ann', {});

function frame(ms: number, id: string, body: string): TailFrame {
  const entry = {
    kind: 'frame',
    account: '',
    room: '',
    id,
    entryId: `${ms}-0`,
    body: Buffer.from(body),
  } as const;
  const isMessage = typeOf(entry.body) === 'MESSAGE';
  return { position: { ms, seq: 0 }, entry, isMessage, deletes: deletedMessageIdOf(entry.body) };
}

const message = (ms: number, id: string): TailFrame =>
  frame(ms, id, encodeMessage({ ...common, id, content: '"EventName":"aws:DELETE_MESSAGE"', sender }));

const event = (ms: number, id: string, name = 'app:EVENT'): TailFrame =>
  frame(ms, id, encodeEvent({ ...common, id, eventName: name }));

const deletion = (ms: number, id: string, of: string): TailFrame =>
  frame(
    ms,
    id,
    encodeEvent({
      ...common,
      id,
      eventName: eventName.deleteMessage,
      attributes: deleteMessageAttributes(of, undefined),
    }),
  );

const forEver = Number.POSITIVE_INFINITY;
const everything = { erasedThrough: undefined, knownSinceMs: 0, sentUntilMs: forEver };
const unbounded = { mostFrames: 100, mostBytes: 1_000_000 };
const idsOf = (frames: readonly Buffer[]) =>
  frames.map((body) => (JSON.parse(body.toString()) as { Id: string }).Id);

test('all frames behind the place are sent, in order', () => {
  const chosen = chooseRecovered([message(1, 'a'), event(2, 'b'), message(3, 'c')], everything, unbounded);
  assert.deepEqual([idsOf(chosen.frames), chosen.missed], [['a', 'b', 'c'], 0]);
});

test('a message that was deleted meanwhile is left out, and isn’t missed; the event that deletes it stays', () => {
  const chosen = chooseRecovered(
    [message(1, 'a'), message(2, 'b'), deletion(3, 'c', 'a')],
    everything,
    unbounded,
  );
  assert.deepEqual([idsOf(chosen.frames), chosen.missed], [['b', 'c'], 0]);
});

test('of more frames than the bound the newest are sent, and the others counted', () => {
  const frames = [message(1, 'a'), message(2, 'b'), message(3, 'c')];
  const chosen = chooseRecovered(frames, everything, { ...unbounded, mostFrames: 2 });
  assert.deepEqual([idsOf(chosen.frames), chosen.missed], [['b', 'c'], 1]);
});

test('of more bytes than the bound likewise', () => {
  const frames = [message(1, 'a'), message(2, 'b'), message(3, 'c')];
  const mostBytes = 2 * (frames[0]?.entry.body.length ?? 0) + 1;
  const chosen = chooseRecovered(frames, everything, { ...unbounded, mostBytes });
  assert.deepEqual([idsOf(chosen.frames), chosen.missed], [['b', 'c'], 1]);
});

test('what the client may have forgotten isn’t sent again, and is counted', () => {
  const range = { erasedThrough: undefined, knownSinceMs: 3, sentUntilMs: forEver };
  const chosen = chooseRecovered([message(1, 'a'), message(2, 'b'), message(3, 'c')], range, unbounded);
  assert.deepEqual([idsOf(chosen.frames), chosen.missed], [['c'], 2]);
});

test('what was never sent before is sent, whatever the client may have forgotten', () => {
  const range = { erasedThrough: undefined, knownSinceMs: 10, sentUntilMs: 2 };
  const chosen = chooseRecovered([message(1, 'a'), message(2, 'b'), message(3, 'c')], range, unbounded);
  assert.deepEqual([idsOf(chosen.frames), chosen.missed], [['b', 'c'], 1]);
});

test('nothing up to a disconnection is owed, nor missed', () => {
  const range = { erasedThrough: { ms: 2, seq: 0 }, knownSinceMs: 0, sentUntilMs: forEver };
  const chosen = chooseRecovered([message(1, 'a'), message(2, 'b'), message(3, 'c')], range, unbounded);
  assert.deepEqual([idsOf(chosen.frames), chosen.missed], [['c'], 0]);
});

test('history is the newest messages that weren’t deleted, and events where they are asked for', () => {
  const frames = [message(1, 'a'), message(2, 'b'), event(3, 'c'), message(4, 'd'), deletion(5, 'e', 'd')];
  assert.deepEqual(idsOf(chooseHistory(frames, 2, false)), ['a', 'b']);
  assert.deepEqual(idsOf(chooseHistory(frames, 3, true)), ['b', 'c', 'e']);
  assert.deepEqual(idsOf(chooseHistory(frames, 0, true)), []);
});
