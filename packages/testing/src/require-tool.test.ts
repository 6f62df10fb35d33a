import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { requireTool } from './require-tool.ts';

const before = process.env['CI'];
afterEach(() => {
  if (before === undefined) delete process.env['CI'];
  else process.env['CI'] = before;
});

test('a tool that is there lets the suite run, with CI or without', () => {
  for (const ci of ['true', '']) {
    process.env['CI'] = ci;
    assert.equal(requireTool('python3', { python: '/usr/bin/python3' }), 'run');
  }
});

test('a missing tool skips the suite of a newcomer and fails that of CI', () => {
  process.env['CI'] = '';
  assert.equal(requireTool('python3', undefined), 'skip');
  process.env['CI'] = 'true';
  assert.throws(() => requireTool('python3', undefined), /python3 is missing/);
});
