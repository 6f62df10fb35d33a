import assert from 'node:assert/strict';
import { test } from 'node:test';
import { origins } from './origins.ts';

const { read } = origins({ env: 'X', fallback: '', about: '' });

test('origins are read, `*` and none among them', () => {
  assert.deepEqual(read('https://a.example, http://127.0.0.1:5173'), [
    'https://a.example',
    'http://127.0.0.1:5173',
  ]);
  assert.deepEqual(read('*'), ['*']);
  assert.deepEqual(read(''), []);
});

test('what no browser sends as an origin is refused by name', () => {
  for (const text of ['nonsense', 'https://a.example/', 'https://a.example/path', 'a.example']) {
    assert.throws(() => read(text), new RegExp(`has "${text}"`));
  }
});
