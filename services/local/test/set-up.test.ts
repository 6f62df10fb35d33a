import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';

type SetUp = { isInstalled(folder: string): boolean };
type Lock = {
  whileAlone<T>(
    file: string,
    say: (line: string) => void,
    act: (onPid: (pid: number) => void) => Promise<T>,
  ): Promise<T>;
};
// The script runs before anything is built, so it is plain JavaScript outside of this package's sources.
const { isInstalled } = (await import(new URL('../../bin/set-up.mjs', import.meta.url).href)) as SetUp;
const { whileAlone } = (await import(new URL('../../bin/set-up-lock.mjs', import.meta.url).href)) as Lock;
const runCommandUrl = new URL('../../bin/run-command.mjs', import.meta.url).href;

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

describe('the lock of what is installed', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'roomstream-lock-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('lets another start wait until its holder is gone, and says for whom', async () => {
    const file = join(folder, 'set-up.lock');
    const holder = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    writeFileSync(file, `${holder.pid}\n`);
    const said: string[] = [];
    let isIn = false;
    const waiting = whileAlone(
      file,
      (line) => said.push(line),
      async () => {
        isIn = true;
      },
    );
    await eventually(() => assert.match(said[0] ?? '', new RegExp(`waiting for process ${holder.pid} `)));
    assert.equal(isIn, false);
    holder.kill('SIGKILL');
    await waiting;
    assert.equal(isIn, true);
    assert.equal(existsSync(file), false);
  });

  it('also names the npm that its holder has started, which may outlive it', async () => {
    const file = join(folder, 'set-up.lock');
    const text = await whileAlone(
      file,
      () => undefined,
      async (onPid) => {
        onPid(12345);
        return readFileSync(file, 'utf8');
      },
    );
    assert.equal(text, `${process.pid}\n12345\n`);
  });

  it('of a start that was killed stops nobody', async () => {
    const file = join(folder, 'set-up.lock');
    const holder = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
    await new Promise((resolve) => holder.once('exit', resolve));
    writeFileSync(file, `${holder.pid}\n`);
    assert.equal(await whileAlone(file, assert.fail, async () => 'done'), 'done');
  });
});

describe('a command of the set-up', () => {
  it('is passed Ctrl-C and has ended before the start does', async () => {
    // Tidies up before it ends, as npm does.
    const inner = `
      process.on('SIGINT', () => setTimeout(() => { console.log('tidied up'); process.exit(0); }, 300));
      console.log('ready');
      setInterval(() => {}, 1000);`;
    const outer = `
      const { runCommand } = await import(${JSON.stringify(runCommandUrl)});
      const result = await runCommand(process.execPath, ['-e', ${JSON.stringify(inner)}], { cwd: '.', env: process.env });
      console.log(JSON.stringify(result));`;
    const program = spawn(process.execPath, ['--input-type=module', '-e', outer]);
    let said = '';
    for (const stream of [program.stdout, program.stderr])
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
    await eventually(() => assert.match(said, /ready/), 30_000);
    program.kill('SIGINT');
    await new Promise((resolve) => program.once('close', resolve));
    assert.match(said, /tidied up\n\{.*"interruptedBy":"SIGINT","status":0/);
  });
});
