import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deleteMessageAttributes, eventName } from './events.ts';
import { encodeEvent, encodeMessage, encodeSender } from './frames.ts';
import { HistoryPick } from './history.ts';
import { deletedMessageIdOf } from './read-frame.ts';

const sendTimeMs = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
const sender = encodeSender('alice', {});

type Shown = { readonly id: string; readonly frame: Buffer };

const message = (id: string): Shown => ({
  id,
  frame: Buffer.from(
    encodeMessage({ id, requestId: undefined, attributes: {}, content: `I am ${id}`, sendTimeMs, sender }),
  ),
});
const event = (id: string, name: string, attributes = {}): Shown => ({
  id,
  frame: Buffer.from(encodeEvent({ id, requestId: undefined, eventName: name, attributes, sendTimeMs })),
});
const deletionOf = (id: string): Shown =>
  event(`deletes${id}`, eventName.deleteMessage, deleteMessageAttributes(id, 'spam'));

/** Shows frames, given in the order of the stream, until the pick is full; the ids that were picked. */
function pick(pick: HistoryPick, shown: readonly Shown[]): string[] {
  for (const { id, frame } of shown.toReversed()) if (!pick.take(id, frame)) break;
  return pick.frames.map((frame) => JSON.parse(frame).Id);
}

test('the newest messages are picked, newest first, without events', () => {
  const frames = [message('a'), event('e', 'goal'), message('b'), message('c')];
  assert.deepEqual(pick(new HistoryPick({ most: 2, withEvents: false }), frames), ['c', 'b']);
  assert.deepEqual(pick(new HistoryPick({ most: 9, withEvents: false }), frames), ['c', 'b', 'a']);
});

test('events are picked where they are wanted', () => {
  const frames = [message('a'), event('e', 'goal'), message('b'), deletionOf('x')];
  const withEvents = new HistoryPick({ most: 9, withEvents: true });
  assert.deepEqual(pick(withEvents, frames), ['deletesx', 'b', 'e', 'a']);
});

test('a deleted message is left out, by a deletion shown, noted or known before', () => {
  const frames = ['a', 'b', 'c', 'd'].map(message);
  const history = new HistoryPick({ most: 9, withEvents: false, deleted: ['b'] });
  history.note(deletionOf('c').frame);
  assert.deepEqual(pick(history, [...frames, deletionOf('d'), event('e', 'goal')]), ['a']);
});

test('deletions whose messages have not come are told, to pick what is older', () => {
  const history = new HistoryPick({ most: 9, withEvents: false, deleted: ['old', 'b'] });
  pick(history, [message('a'), message('b'), message('c'), deletionOf('older'), deletionOf('a')]);
  assert.deepEqual([...history.deletedAhead].sort(), ['old', 'older']);
});

test('the frame that is one too many is refused, and nothing of it is noted', () => {
  const history = new HistoryPick({ most: 1, withEvents: true });
  assert.deepEqual(pick(history, [deletionOf('x'), message('a')]), ['a']);
  assert.deepEqual(history.deletedAhead, []);
  // What isn't wanted is none too many.
  const messages = new HistoryPick({ most: 1, withEvents: false });
  const { id, frame } = deletionOf('x');
  assert.deepEqual(pick(messages, [message('a')]), ['a']);
  assert.equal(messages.take(id, frame), true);
  assert.deepEqual(messages.deletedAhead, ['x']);
});

test('a frame that stands twice in the stream is picked once', () => {
  const twice = [message('a'), message('b'), message('a'), event('e', 'x'), event('e', 'x')];
  assert.deepEqual(pick(new HistoryPick({ most: 9, withEvents: true }), twice), ['e', 'a', 'b']);
  const deleted = new HistoryPick({ most: 9, withEvents: false });
  assert.deepEqual(pick(deleted, [message('a'), message('a'), deletionOf('a')]), []);
});

test('only the event aws:DELETE_MESSAGE deletes, whatever texts other frames have', () => {
  assert.equal(deletedMessageIdOf(deletionOf('ABCdef34ghIJ').frame), 'ABCdef34ghIJ');
  const hostile = { MessageId: 'ABCdef34ghIJ', EventName: eventName.deleteMessage };
  const attributes = { ...hostile, '"EventName":"aws:DELETE_MESSAGE"': '"EventName":"aws:DELETE_MESSAGE"' };
  assert.equal(deletedMessageIdOf(event('e', 'goal', attributes).frame), undefined);
  assert.equal(deletedMessageIdOf(event('e', 'aws:DELETE_MESSAGE"', attributes).frame), undefined);
  const text = { id: 'm', requestId: undefined, attributes, content: '"EventName":"aws:DELETE_MESSAGE"' };
  const talk = Buffer.from(encodeMessage({ ...text, sendTimeMs, sender }));
  assert.equal(deletedMessageIdOf(talk), undefined);
  // As SendEvent can make it; clients find nothing to remove either.
  assert.equal(deletedMessageIdOf(event('e', eventName.deleteMessage).frame), undefined);
  assert.equal(deletedMessageIdOf(Buffer.from('{"EventName":"aws:DELETE_MESSAGE"}')), undefined);
});
