import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DeliveryLedger } from '../lib/pure/delivery-ledger.ts';
import { decodeMark, encodeMark, type Mark, mostRefused } from '../lib/pure/mark.ts';
import { SentMessages } from '../lib/pure/sent-messages.ts';

const opened = 1_000;
const later = 2_000;

/** Ten messages of one sender, each confirmed before the next one is sent; `refused` ones aren't. */
function sentBy(sender: string, refused: readonly number[] = [], begunMs = later): Mark[] {
  const messages = new SentMessages(sender);
  return Array.from({ length: 10 }, (_, n) => {
    const mark = messages.next(begunMs + n, '', n === 9);
    messages.settle(mark.number, refused.includes(mark.number) ? 'refused' : 'confirmed');
    return mark;
  });
}

/** What a connection finds that receives these, in this order. */
function judged(marks: readonly Mark[], openedMs = opened) {
  const ledger = new DeliveryLedger(openedMs);
  const sum = { missing: 0, doubles: 0, late: 0 };
  for (const mark of marks) {
    const { missing, doubles, isLate } = ledger.record(mark);
    sum.missing += missing;
    sum.doubles += doubles;
    sum.late += Number(isLate);
  }
  return { ...sum, ended: ledger.ended() };
}

const fine = { missing: 0, doubles: 0, late: 0, ended: 1 };
const without = (marks: readonly Mark[], ...numbers: readonly number[]) =>
  marks.filter((mark) => !numbers.includes(mark.number));

describe('a connection that receives', () => {
  test('everything once and in order finds nothing', () => {
    assert.deepEqual(judged(sentBy('a')), fine);
  });

  test('messages of several senders judges each by itself', () => {
    const [a, b] = [sentBy('a'), sentBy('b')];
    const mixed = a.flatMap((mark, n) => [mark, b[n] as Mark]);
    assert.deepEqual(judged(mixed), { ...fine, ended: 2 });
    assert.equal(judged(mixed.filter((mark) => mark !== b[4])).missing, 1);
  });

  test('not a confirmed message finds it missing, wherever it was', () => {
    for (const number of [1, 2, 5, 9])
      assert.deepEqual(judged(without(sentBy('a'), number)), { ...fine, missing: 1 });
    assert.equal(judged(without(sentBy('a'), 1, 2, 5, 6)).missing, 4);
  });

  test('not the last message finds that its sender hasn’t ended', () => {
    assert.equal(judged(without(sentBy('a'), 10)).ended, 0);
  });

  test('not a refused message finds nothing', () => {
    assert.deepEqual(judged(without(sentBy('a', [1, 4, 5]), 1, 4, 5)), fine);
    assert.deepEqual(judged(without(sentBy('a', [4, 5]), 4, 5, 7)), { ...fine, missing: 1 });
  });

  test('a message twice finds a double, also long after', () => {
    const marks = sentBy('a');
    assert.deepEqual(judged([...marks.slice(0, 4), marks[3] as Mark, ...marks.slice(4)]), {
      ...fine,
      doubles: 1,
    });
    assert.deepEqual(judged([...marks, marks[0] as Mark]), { ...fine, doubles: 1 });
  });

  test('two messages in the wrong order, both under way at once, finds one late and none missing', () => {
    const messages = new SentMessages('a');
    const [one, two] = [messages.next(later), messages.next(later)];
    messages.settle(1, 'confirmed');
    messages.settle(2, 'confirmed');
    const last = messages.next(later, '', true);
    assert.deepEqual(judged([two, one, last]), { ...fine, late: 1 });
  });

  test('only what follows its opening misses nothing of what was before', () => {
    const marks = sentBy('a', [], opened - 5);
    assert.deepEqual(judged(marks.slice(3)), fine);
    assert.equal(judged(without(marks.slice(3), 6)).missing, 1);
  });

  test('a message while an earlier one is under way doesn’t judge that one', () => {
    const messages = new SentMessages('a');
    messages.next(later);
    assert.deepEqual(judged([messages.next(later)]), { ...fine, ended: 0 });
  });
});

describe('what a sender tells', () => {
  test('is everything up to the first message under way', () => {
    const messages = new SentMessages('a');
    for (let n = 0; n < 3; n++) messages.next(later);
    messages.settle(1, 'confirmed');
    messages.settle(3, 'confirmed');
    assert.equal(messages.next(later).settled, 1);
    assert.equal(messages.settle(2, 'refused'), later);
    assert.equal(messages.settle(2, 'refused'), undefined);
    const mark = messages.next(later);
    assert.deepEqual([mark.settled, mark.refused], [3, [2]]);
    assert.equal(messages.underWay(), 2);
  });

  test('survives its trip in Attributes, and fits into their 1 KB however much was refused', () => {
    const messages = new SentMessages('chatter-1000.12');
    for (let n = 1; n <= 99_999; n++) messages.settle(messages.next(later).number, 'refused');
    const mark = messages.next(Date.now(), '100', true);
    assert.equal(mark.refused.length, mostRefused);
    const attributes = encodeMark(mark);
    assert.deepEqual(decodeMark(JSON.parse(JSON.stringify(attributes))), mark);
    const bytes = Object.entries(attributes).flat().join('').length;
    assert.ok(bytes <= 1024, `${bytes} bytes`);
  });

  test('is nothing in a message of somebody else', () => {
    assert.equal(decodeMark({ color: 'red' }), undefined);
    assert.equal(decodeMark(undefined), undefined);
  });
});
