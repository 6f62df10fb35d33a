import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';

const bin = new URL('../../bin/', import.meta.url).href;

/** Finds and runs what is below a root, as `npm test` does, and prints the counts last. */
const script = `
import { testFiles } from '${bin}test-files.mjs';
import { runFiles } from '${bin}run-files.mjs';
const [root, filter] = process.argv.slice(2);
const counts = { passed: 0, failed: 0, skipped: 0 };
for (const { files } of testFiles(root, [filter])) await runFiles(root, files, 10_000, counts);
console.log(JSON.stringify(counts));
`;

describe('the runner of npm test', () => {
  const root = mkdtempSync(join(tmpdir(), 'roomstream-runner-'));
  const folder = join(root, 'packages', 'a');
  before(() => {
    for (const path of ['packages/a/src', 'packages/a/dist/src', 'services'])
      mkdirSync(join(root, path), { recursive: true });
    writeFileSync(join(root, 'run.mjs'), script);
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  const write = (name: string, content: string) => {
    writeFileSync(join(folder, 'src', `${name}.test.ts`), '');
    writeFileSync(
      join(folder, 'dist', 'src', `${name}.test.js`),
      `const { test, describe, it, before } = require('node:test');\n${content}`,
    );
  };
  const run = async (filter: string, env: Record<string, string> = {}) => {
    const args = [join(root, 'run.mjs'), root, filter];
    // Without the variable that marks a process as a test's: the runner refuses to run in one.
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      env: { PATH: process.env['PATH'], ...env },
    });
    const lines = stdout.trim().split('\n');
    return { stdout, counts: JSON.parse(lines.at(-1) ?? '') as unknown };
  };

  it('counts tests, not suites, and shows why one failed', async () => {
    write(
      'mixed',
      `describe('outer', () => {
        it('passes', () => {});
        it('fails', () => { throw new Error('the reason'); });
        it.skip('is skipped', () => {});
      });`,
    );
    const { stdout, counts } = await run('mixed');
    assert.deepEqual(counts, { passed: 1, failed: 1, skipped: 1 });
    assert.match(stdout, /outer > fails/);
    assert.match(stdout, /Error: the reason/);
  });

  it('counts a file that breaks while loading as a failure', async () => {
    write('broken', `throw new Error('at load');`);
    const { stdout, counts } = await run('broken');
    assert.deepEqual(counts, { passed: 0, failed: 1, skipped: 0 });
    assert.match(stdout, /at load/);
  });

  it('counts a failing hook as a failure', async () => {
    write(
      'hook',
      `describe('suite', () => { before(() => { throw new Error('in the hook'); }); it('x', () => {}); });`,
    );
    const { stdout } = await run('hook');
    assert.match(stdout, /in the hook/);
    assert.match(stdout, /"failed":[12]/);
  });

  it('skips a suite whose tool is missing, and fails it where CI=true', async () => {
    write(
      'tool',
      `describe('suite', { skip: 'needs go, not found on PATH' }, () => { it('x', () => {}); });`,
    );
    assert.deepEqual((await run('tool')).counts, { passed: 0, failed: 0, skipped: 1 });
    assert.deepEqual((await run('tool', { CI: 'true' })).counts, { passed: 0, failed: 1, skipped: 0 });
  });

  it('leaves out files whose source is gone', async () => {
    write('gone', `test('x', () => {});`);
    rmSync(join(folder, 'src', 'gone.test.ts'));
    assert.deepEqual((await run('gone')).counts, { passed: 0, failed: 0, skipped: 0 });
  });
});
