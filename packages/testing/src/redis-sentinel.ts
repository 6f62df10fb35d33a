import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { redisCommand } from './redis-command.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

/** A master and its replica, watched by one Sentinel, on loopback. */
export type RedisSentinel = {
  /** `redis-sentinel://127.0.0.1:<port>/main` */
  readonly url: string;
  /** The first master. */
  readonly master: RedisServer;
  readonly replica: RedisServer;
  /** Port of the server that Sentinel holds for the master now. */
  masterPort(): Promise<number>;
  stop(): Promise<void>;
};

const masterName = 'main';

/** Starts them; a master counts as down after a second. */
export async function startRedisSentinel(): Promise<RedisSentinel> {
  // Without a delay the first copy goes to the replica at once.
  const noDelay = ['--repl-diskless-sync-delay', '0'];
  const master = await startRedis(noDelay);
  const replica = await startRedis([...noDelay, '--replicaof', '127.0.0.1', `${master.port}`]);
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'roomstream-sentinel-'));
  const child = startSentinel(dir, port, master.port);
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const masterPort = async () => {
    const info = await redisCommand(port, 'INFO', 'sentinel');
    return Number(/name=main,[^\n]*address=127\.0\.0\.1:([0-9]+)/.exec(info)?.[1]);
  };
  // Only a Sentinel that knows the replica can promote it.
  await eventually(
    async () => /name=main,[^\n]*slaves=1/.test(await redisCommand(port, 'INFO', 'sentinel')),
    30_000,
  );
  await eventually(async () =>
    (await redisCommand(replica.port, 'INFO', 'replication')).includes('link_status:up'),
  );
  return {
    url: `redis-sentinel://127.0.0.1:${port}/${masterName}`,
    master,
    replica,
    masterPort,
    stop: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
      process.off('exit', end);
      await Promise.all([master.stop(), replica.stop()]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function startSentinel(dir: string, port: number, masterPort: number): ChildProcess {
  const file = join(dir, 'sentinel.conf');
  writeFileSync(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${dir}`,
      `sentinel monitor ${masterName} 127.0.0.1 ${masterPort} 1`,
      `sentinel down-after-milliseconds ${masterName} 1000`,
      `sentinel failover-timeout ${masterName} 5000`,
      '',
    ].join('\n'),
  );
  return spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' });
}
