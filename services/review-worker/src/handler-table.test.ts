import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHandlerTable } from './handler-table.ts';

const arn = (name: string) => `arn:aws:lambda:us-west-2:000000000000:function:${name}`;
const secret = 's'.repeat(16);
const table = (handlers: unknown) => parseHandlerTable(JSON.stringify({ handlers }));

test('the first pattern that matches the whole ARN counts; without one it is AWS Lambda', () => {
  const { find } = table({
    [arn('a-?')]: { lambda: { endpoint: 'http://127.0.0.1:1', region: 'eu-west-1' } },
    [arn('a*')]: { webhook: { url: 'https://example.com/review?x=1', secret } },
    '*:function:aws': { lambda: {} },
  });
  const place = find(arn('a-1'));
  assert.deepEqual(place.kind === 'lambda' && [place.endpoint, place.region], [
    'http://127.0.0.1:1',
    'eu-west-1',
  ]);
  const other = find(arn('a-12'));
  assert.equal(other.kind === 'webhook' && other.url.href, 'https://example.com/review?x=1');
  for (const name of ['aws', 'b', 'ba']) {
    const found = find(arn(name));
    assert.equal(
      found.kind === 'lambda' || found.url.href,
      name === 'aws' ? 'https://example.com/review?x=1' : true,
    );
  }
});

test('characters that mean something in expressions mean themselves', () => {
  const { find } = table({ 'a.b+(c)[d]': { webhook: { url: 'http://h', secret } } });
  assert.deepEqual([find('a.b+(c)[d]').kind, find('axb+(c)[d]').kind], ['webhook', 'lambda']);
});

const wrong: readonly (readonly [name: string, text: string, fault: RegExp])[] = [
  ['no JSON', '{', /JSON/],
  ['a secret without quotes', '{"handlers":{"a":{"webhook":{"secret":hunter2hunter2}}}}', /JSON/],
  ['no handlers', '{}', /handlers must be an object/],
  ['an unknown member', '{"handlers":{},"more":1}', /"more", which means nothing/],
  ['neither kind', '{"handlers":{"a":{}}}', /either lambda or webhook/],
  [
    'both kinds',
    `{"handlers":{"a":{"lambda":{},"webhook":{"url":"http://h","secret":"${secret}"}}}}`,
    /either/,
  ],
  ['a webhook without a secret', '{"handlers":{"a":{"webhook":{"url":"http://h"}}}}', /secret/],
  ['a short secret', '{"handlers":{"a":{"webhook":{"url":"http://h","secret":"hunter2"}}}}', /16 characters/],
  ['another protocol', `{"handlers":{"a":{"webhook":{"url":"ftp://h","secret":"${secret}"}}}}`, /http:\/\//],
  ['half of the credentials', '{"handlers":{"a":{"lambda":{"accessKeyId":"k"}}}}', /go together/],
];

for (const [name, text, fault] of wrong) {
  test(`refused: ${name}`, () => {
    assert.throws(() => parseHandlerTable(text), fault);
    assert.throws(
      () => parseHandlerTable(text),
      (error: Error) => !error.message.includes('hunter2'),
    );
  });
}
