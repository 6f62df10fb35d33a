import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, longestAnswer, readAnswer } from './verdict.ts';

const asked = { attributes: { own: 'yes' }, maximumMessageLength: 10 };
const allow = (content: string, attributes: Record<string, string> = asked.attributes): Answer => ({
  kind: 'allow',
  content,
  attributes,
});
const deny = (reason?: string): Answer => ({ kind: 'deny', reason });
const kilobyte = { k: 'x'.repeat(1023) };

const valid: readonly (readonly [name: string, answer: unknown, expected: Answer])[] = [
  ['ALLOW with Content', { ReviewResult: 'ALLOW', Content: 'hi' }, allow('hi')],
  [
    'null Attributes, as the Go sample sends',
    { ReviewResult: 'ALLOW', Content: 'hi', Attributes: null },
    allow('hi'),
  ],
  ['Attributes', { ReviewResult: 'ALLOW', Content: 'hi', Attributes: { a: 'b' } }, allow('hi', { a: 'b' })],
  ['empty Attributes', { ReviewResult: 'ALLOW', Content: 'hi', Attributes: {} }, allow('hi', {})],
  [
    'Attributes of 1 KB',
    { ReviewResult: 'ALLOW', Content: 'hi', Attributes: kilobyte },
    allow('hi', kilobyte),
  ],
  [
    'Content of the room’s maximum',
    { ReviewResult: 'ALLOW', Content: 'x'.repeat(10) },
    allow('x'.repeat(10)),
  ],
  [
    'as many code points, in twice the units',
    { ReviewResult: 'ALLOW', Content: '😀'.repeat(10) },
    allow('😀'.repeat(10)),
  ],
  ['members of other names', { ReviewResult: 'ALLOW', Content: 'hi', Other: [1] }, allow('hi')],
  ['DENY without Content', { ReviewResult: 'DENY' }, deny()],
  ['DENY with null Attributes', { ReviewResult: 'DENY', Attributes: null }, deny()],
  ['DENY with a Reason', { ReviewResult: 'DENY', Attributes: { Reason: 'rude' } }, deny('rude')],
  ['DENY with an empty Reason', { ReviewResult: 'DENY', Attributes: { Reason: '' } }, deny()],
  ['DENY with any Content', { ReviewResult: 'DENY', Content: 'x'.repeat(1000) }, deny()],
];

for (const [name, answer, expected] of valid) {
  test(`valid: ${name}`, () => {
    assert.deepEqual(readAnswer(Buffer.from(JSON.stringify(answer)), asked), expected);
  });
}

const invalid: readonly (readonly [name: string, answer: unknown])[] = [
  ['no ReviewResult', { Content: 'hi' }],
  ['a ReviewResult of another spelling', { ReviewResult: 'allow', Content: 'hi' }],
  ['a ReviewResult that is no text', { ReviewResult: true, Content: 'hi' }],
  ['an empty ReviewResult', { ReviewResult: '', Content: 'hi' }],
  ['ALLOW without Content', { ReviewResult: 'ALLOW' }],
  ['null Content', { ReviewResult: 'ALLOW', Content: null }],
  ['empty Content', { ReviewResult: 'ALLOW', Content: '' }],
  ['Content beyond the room’s maximum', { ReviewResult: 'ALLOW', Content: 'x'.repeat(11) }],
  ['too many code points', { ReviewResult: 'ALLOW', Content: '😀'.repeat(11) }],
  ['Content that is no text', { ReviewResult: 'ALLOW', Content: 5 }],
  ['Attributes beyond 1 KB', { ReviewResult: 'ALLOW', Content: 'hi', Attributes: { kk: 'x'.repeat(1023) } }],
  [
    'Attributes beyond 1 KB in bytes',
    { ReviewResult: 'ALLOW', Content: 'hi', Attributes: { k: 'é'.repeat(512) } },
  ],
  ['Attributes that are no texts', { ReviewResult: 'ALLOW', Content: 'hi', Attributes: { a: 1 } }],
  ['Attributes that are a list', { ReviewResult: 'ALLOW', Content: 'hi', Attributes: ['a'] }],
  ['Attributes that are a text', { ReviewResult: 'ALLOW', Content: 'hi', Attributes: 'a' }],
  ['a Reason that is no text', { ReviewResult: 'DENY', Attributes: { Reason: 5 } }],
  ['DENY with Attributes beyond 1 KB', { ReviewResult: 'DENY', Attributes: { Reason: 'x'.repeat(1024) } }],
  ['null', null],
  ['a list', [{ ReviewResult: 'ALLOW', Content: 'hi' }]],
  ['a text', 'ALLOW'],
];

for (const [name, answer] of invalid) {
  test(`invalid: ${name}`, () => {
    assert.equal(readAnswer(Buffer.from(JSON.stringify(answer)), asked).kind, 'invalid');
  });
}

const answer = JSON.stringify({ ReviewResult: 'ALLOW', Content: 'hi' });
const bytes: readonly (readonly [name: string, payload: Uint8Array])[] = [
  ['nothing', new Uint8Array()],
  ['half of it', Buffer.from(answer.slice(0, -1))],
  ['HTML', Buffer.from('<html></html>')],
  [
    'bytes that are no UTF-8',
    Buffer.concat([Buffer.from('{"ReviewResult":"ALLOW","Content":"'), Buffer.of(0xff), Buffer.from('"}')]),
  ],
  ['6 MB', Buffer.from(answer.padEnd(6 * 1024 * 1024))],
  ['one byte too many', Buffer.from(answer.padEnd(longestAnswer + 1))],
];

for (const [name, payload] of bytes) {
  test(`invalid: ${name}`, () => assert.equal(readAnswer(payload, asked).kind, 'invalid'));
}
