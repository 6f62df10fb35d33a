import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { controlPlaneSettings } from '@roomstream/control-plane/settings';
import { gatewaySettings } from '@roomstream/gateway/settings';
import { logShipperSettings } from '@roomstream/log-shipper/settings';
import { reviewWorkerSettings } from '@roomstream/review-worker/settings';
import { processSettings } from '@roomstream/runtime/process';
import { settingsMarkdown } from '@roomstream/runtime/settings';
import { eventually } from '@roomstream/testing/eventually';
import { pythonTools } from '@roomstream/testing/python-tools';
import { startRedis } from '@roomstream/testing/redis-server';
import { awsSession, nodeSession, replayCommand } from '../src/guide.ts';
import type { Running } from '../src/running-file.ts';
import { localSettings } from '../src/settings.ts';
import { localEnvironment, type Program, root, startProgram, untilUp } from './local-process.ts';

const readme = readFileSync(join(root, 'README.md'), 'utf8');
const shown: Running = {
  region: 'us-west-2',
  account: '000000000000',
  controlPlaneUrl: 'http://127.0.0.1:8080',
  gatewayUrl: 'ws://127.0.0.1:8081',
  adminUrl: 'http://127.0.0.1:8090',
  key: { accessKeyId: 'test', secretAccessKey: 'test' },
  logFolders: { byBucket: {} },
  chatLogs: {
    arn: 'arn:aws:ivschat:us-west-2:000000000000:logging-configuration/chatLogs0000',
    folder: '.roomstream/logs/chat-logs',
  },
};

describe('the README', () => {
  const tables = {
    process: processSettings,
    'control-plane': controlPlaneSettings,
    gateway: gatewaySettings,
    'review-worker': reviewWorkerSettings,
    'log-shipper': logShipperSettings,
    local: localSettings,
  };
  for (const [name, table] of Object.entries(tables)) {
    it(`shows the settings of ${name} as they are declared`, () => {
      const match = new RegExp(`<!-- settings ${name} -->\n([\\s\\S]*?)<!-- /settings -->`).exec(readme);
      assert.equal(match?.[1], `\n${settingsMarkdown(table)}\n\n`);
    });
  }

  it('shows the sessions that npm start prints', () => {
    assert.deepEqual(commands().slice(0, 4), ['npm start', awsSession(shown), nodeSession, replayCommand]);
  });
});

describe('the commands of the README', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'roomstream-readme-'));
  const folder = join(scratch, 'data');
  let program: Program;
  let running: Running;
  before(async () => {
    const [start = ''] = commands();
    program = startProgram('bash', ['-ec', `exec ${start}`], localEnvironment(folder), '');
    running = await untilUp(program, folder);
  });
  after(async () => {
    program.child.kill('SIGTERM');
    await program.finished();
    rmSync(scratch, { recursive: true, force: true });
  });

  const type = async (session: string | undefined, path: string) => {
    const script = (session ?? '').replaceAll(shown.controlPlaneUrl, running.controlPlaneUrl);
    const environment = localEnvironment(folder, { PATH: path });
    return startProgram('bash', ['-ec', script], environment, 'hello there\n').finished();
  };

  it('create a room, mint a token and join with the AWS CLI', async (t) => {
    const tools = await pythonTools();
    if (tools === undefined) return t.skip('needs python3, not found on PATH');
    const path = `${dirname(tools.aws)}${delimiter}${process.env['PATH']}`;
    const { status, stdout, stderr } = await type(commands()[1], path);
    assert.equal(status, 0, stderr);
    assert.equal(stdout, 'alice: hello there\n');
  });

  it('join a room with Node alone', async () => {
    const { status, stdout, stderr } = await type(commands()[2], process.env['PATH'] ?? '');
    assert.equal(status, 0, stderr);
    assert.equal(stdout, 'alice: hello there\n');
    await untilReplayed(commands()[3], / alice: hello there\n$/);
  });

  it('log a room by a configuration of its own with the AWS CLI, and read it back', async (t) => {
    const tools = await pythonTools();
    if (tools === undefined) return t.skip('needs python3, not found on PATH');
    const path = `${dirname(tools.aws)}${delimiter}${process.env['PATH']}`;
    const [, first = '', , , session, read] = commands();
    // The terminal of the first session: its access key and its function are there.
    const terminal = first.split('\n').slice(0, 2).join('\n');
    const { status, stdout, stderr } = await type(`${terminal}\n${session}\necho "$ROOM"`, path);
    assert.equal(status, 0, stderr);
    const [said, room] = stdout.split('\n');
    assert.equal(said, 'alice: hello there');
    await untilReplayed(
      `ROOM=${room}\n${read}`,
      /^\{"event_timestamp":"[^\n]*"Content":"hello there"[^\n]*\}\n$/,
    );
  });

  const untilReplayed = (script: string | undefined, pattern: RegExp) =>
    eventually(async () => {
      const { status, stdout, stderr } = await type(script, process.env['PATH'] ?? '');
      assert.equal(status, 0, stderr);
      assert.match(stdout, pattern);
    }, 60_000);
});

describe('the services alone, as the README shows them', () => {
  it('start with the settings and the credentials file shown, and stop on SIGTERM', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roomstream-alone-'));
    const redis = await startRedis();
    const [, exports = '', ...lines] =
      /<!-- run alone -->\n```sh\n(export .*)\n(.*)\n(.*)\n(.*)\n(.*)\n```/.exec(readme) ?? [];
    writeFileSync(join(folder, 'credentials.json'), /```json\n([\s\S]*?)\n```/.exec(readme)?.[1] ?? '');
    const start = (command: string) => {
      const script = `${exports}\n${command.replace('npm run', 'exec npm run')}`
        .replace('redis://127.0.0.1:6379', redis.url)
        .replace(/=(\w+\.(keys|json))/g, `=${folder}/$1`)
        .replace(/PORT=809[123]/, 'PORT=0');
      const program = startProgram('bash', ['-ec', script], localEnvironment(folder), '');
      programs.push(program);
      return program;
    };
    const programs: Program[] = [];
    assert.equal(lines.length, 4);
    for (const line of lines) start(line);
    for (const program of programs) {
      await eventually(() => assert.match(program.stdout(), / is up"/, program.stderr()), 60_000);
    }
    for (const program of programs) program.child.kill('SIGTERM');
    for (const program of programs) assert.equal((await program.finished()).status, 0, program.stderr());
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  });
});

/** The fenced blocks that are marked to be run. */
function commands(): string[] {
  return [...readme.matchAll(/<!-- run -->\n```sh\n([\s\S]*?)\n```/g)].map((match) => match[1] ?? '');
}
