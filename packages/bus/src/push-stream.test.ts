import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PushStream } from './push-stream.ts';

const blob = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
const pushed = (channel: string, payload: string) =>
  `>3\r\n${blob('smessage')}${blob(channel)}${blob(payload)}`;

/** Texts that look like other things, every kind of reply, and pushes in between. */
const parts = [
  pushed('{s1}:push', 'one'),
  '+OK\r\n',
  pushed('{s2}:push', pushed('{s9}:push', 'inside')),
  pushed('{s2}:push', ''),
  `>3\r\n${blob('ssubscribe')}${blob('{s1}:push')}:1\r\n`,
  `>3\r\n${blob('sunsubscribe')}${blob('{s1}:push')}:0\r\n`,
  blob(pushed('{s9}:push', 'the text of a reply')),
  `*3\r\n${blob('a\r\nb')}*2\r\n:1\r\n*0\r\n$-1\r\n`,
  pushed('{s3}:push', 'x'.repeat(1000)),
  `%2\r\n+key\r\n%1\r\n+inner\r\n_\r\n+other\r\n~2\r\n#t\r\n,1.5\r\n`,
  '-ERR >3 of them\r\n!5\r\nERR x\r\n(123456789\r\n=7\r\ntxt:abc\r\n*-1\r\n$0\r\n\r\n',
  `|1\r\n+ttl\r\n:3\r\n*1\r\n${blob('smessage')}`,
  pushed('{s1}:push', 'last'),
];
const isPush = (part: string) => part.startsWith('>3\r\n$8\r\nsmessage');

/** What comes out when the bytes come in pieces of a size, in order; neighbouring rest as one. */
function split(bytes: Buffer, size: number): string[] {
  const found: string[] = [];
  let rest = '';
  const flush = () => {
    if (rest !== '') found.push(rest);
    rest = '';
  };
  const stream = new PushStream(
    (all, channelStart, channelEnd, start, end) => {
      flush();
      found.push(
        pushed(all.toString('latin1', channelStart, channelEnd), all.toString('latin1', start, end)),
      );
    },
    (more) => {
      rest += more.toString('latin1');
    },
  );
  for (let at = 0; at < bytes.length; at += size) stream.write(bytes.subarray(at, at + size));
  flush();
  return found;
}

test('pushes and all else come out whole and in order, wherever the bytes are cut', () => {
  const bytes = Buffer.from(parts.join(''), 'latin1');
  const expected: string[] = [];
  parts.forEach((part, i) => {
    const isBehindRest = i > 0 && !isPush(parts[i - 1] as string);
    if (!isPush(part) && isBehindRest) expected.push(`${expected.pop()}${part}`);
    else expected.push(part);
  });
  for (let size = 1; size <= bytes.length; size++) assert.deepEqual(split(bytes, size), expected, `${size}`);
});

test('what is no push is handed on at once, and as it came', () => {
  const got: Buffer[] = [];
  const stream = new PushStream(
    () => assert.fail('no push'),
    (bytes) => got.push(bytes),
  );
  const chunk = Buffer.from('+OK\r\n$10\r\nhal');
  stream.write(chunk);
  assert.equal(got[0], chunk);
  stream.write(Buffer.from('f'));
  assert.equal(got.length, 2);
});
