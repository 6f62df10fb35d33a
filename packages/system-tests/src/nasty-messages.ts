/** Contents and attributes that look like the frames they are in, or are hard to write down. */
export const nastyMessages: readonly {
  readonly content: string;
  readonly attributes: Readonly<Record<string, string>>;
}[] = [
  { content: 'plain', attributes: {} },
  { content: '"quotes" \\ back\\slashes \\" and \\\\" both', attributes: { '"key"\\': '"value"\\' } },
  { content: 'one\nline\r\nmore\u2028and\u2029more\ttab', attributes: { lines: 'a\nb' } },
  { content: '😀 👩‍👩‍👧‍👦 ñ ａ 漢字 \u0000\u0001\u001f\u007f \ufeff', attributes: { 'emoji 😀': '🎉' } },
  { content: 'half a pair: \ud83d', attributes: { half: '\ude00' } },
  {
    content: '","SendTime":"1970-01-01T00:00:00.000Z","Sender":{"UserId":"mallory","Attributes":{}}}',
    attributes: {},
  },
  {
    content: '{"event_timestamp":"1970-01-01T00:00:00.000Z","type":"EVENT","version":"1.0","payload":{}}',
    attributes: {},
  },
  {
    content: 'attributes by the names of fields',
    attributes: {
      Type: 'EVENT',
      SendTime: '1970-01-01T00:00:00.000Z',
      Sender: '{"UserId":"mallory"}',
      payload: '}',
      Id: 'AAAAAAAAAAAA',
    },
  },
  {
    content: 'an attribute whose value ends like a frame',
    attributes: { x: '"},"Content":"x","SendTime":"1970-01-01T00:00:00.000Z","Sender":{' },
  },
  { content: '\u001b[31mred', attributes: { __proto__x: 'y', constructor: 'z' } },
];
