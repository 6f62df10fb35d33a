import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';

type SetUp = { isInstalled(folder: string): boolean };
// The script runs before anything is built, so it is plain JavaScript outside of this package's sources.
const { isInstalled } = (await import(new URL('../../bin/set-up.mjs', import.meta.url).href)) as SetUp;

const wanted = {
  '': { name: 'root' },
  'packages/a': { version: '0.1.0' },
  'node_modules/tool': { version: '1.0.0', dev: true },
  'node_modules/tool-for-another-platform': { version: '1.0.0', optional: true },
};

describe('the check of what is installed', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'roomstream-set-up-'));
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: wanted }));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const install = (packages: Record<string, { version: string }>) => {
    for (const path of Object.keys(packages)) mkdirSync(join(folder, path), { recursive: true });
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    writeFileSync(join(folder, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }));
  };

  it('finds nothing missing when all but other platforms’ packages are there', () => {
    install({ 'node_modules/tool': { version: '1.0.0' } });
    assert.equal(isInstalled(folder), true);
  });

  it('asks for an installation in a fresh clone', () => {
    assert.equal(isInstalled(folder), false);
  });

  it('asks for an installation when the tools for building were left out', () => {
    install({});
    assert.equal(isInstalled(folder), false);
  });

  it('asks for an installation when another version is wanted', () => {
    install({ 'node_modules/tool': { version: '0.9.0' } });
    assert.equal(isInstalled(folder), false);
  });

  it('asks for an installation when a folder was removed by hand', () => {
    install({ 'node_modules/tool': { version: '1.0.0' } });
    rmSync(join(folder, 'node_modules', 'tool'), { recursive: true });
    assert.equal(isInstalled(folder), false);
  });
});
