import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { redisCommand } from './redis-command.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

/** A Redis Cluster of three masters on loopback; each may have one replica. */
export type RedisCluster = {
  /** `redis-cluster://127.0.0.1:<port>,…` */
  readonly url: string;
  /** Each owns a third of the slots, in order. */
  readonly masters: readonly RedisServer[];
  /** The replica of the master of the same index; none unless asked for. */
  readonly replicas: readonly RedisServer[];
  stop(): Promise<void>;
};

const masterCount = 3;
const slotCount = 16_384;

/** Starts a Cluster; a node counts as failed after a second. `args` are further options of every node. */
export async function startRedisCluster(
  options: { hasReplicas?: boolean; args?: readonly string[] } = {},
): Promise<RedisCluster> {
  const masters = await startNodes(options.args ?? []);
  const replicas = options.hasReplicas === true ? await startNodes(options.args ?? []) : [];
  const servers = [...masters, ...replicas];
  try {
    await join(masters, replicas);
  } catch (error) {
    await Promise.all(servers.map((server) => server.stop()));
    throw error;
  }
  return {
    url: `redis-cluster://${masters.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    masters,
    replicas,
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

async function startNodes(args: readonly string[]): Promise<RedisServer[]> {
  const nodes: RedisServer[] = [];
  // One after the other: each free port must be taken before the next is looked for.
  for (let i = 0; i < masterCount; i++) {
    // The usual bus port, 10,000 above, may not exist above a free port.
    const busPort = await freePort();
    const own = `--cluster-enabled yes --cluster-port ${busPort} --cluster-node-timeout 1000 --repl-diskless-sync-delay 0`;
    nodes.push(await startRedis([...own.split(' '), ...args]));
  }
  return nodes;
}

async function join(masters: readonly RedisServer[], replicas: readonly RedisServer[]): Promise<void> {
  const all = [...masters, ...replicas];
  for (const [i, { port }] of masters.entries()) {
    const from = Math.floor((i * slotCount) / masterCount);
    const to = Math.floor(((i + 1) * slotCount) / masterCount) - 1;
    await redisCommand(port, 'CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
    await redisCommand(port, 'CLUSTER', 'ADDSLOTSRANGE', from, to);
  }
  const first = (masters[0] as RedisServer).port;
  for (const { port } of all.slice(1)) {
    await redisCommand(first, 'CLUSTER', 'MEET', '127.0.0.1', port, await busPortOf(port));
  }
  await allKnow(all, ({ known }) => known === all.length);
  await Promise.all(
    replicas.map(async ({ port }, i) => {
      const id = await redisCommand((masters[i] as RedisServer).port, 'CLUSTER', 'MYID');
      await eventually(() => redisCommand(port, 'CLUSTER', 'REPLICATE', id));
      await eventually(async () =>
        (await redisCommand(port, 'INFO', 'replication')).includes('link_status:up'),
      );
    }),
  );
  await allKnow(all, ({ isOk }) => isOk);
}

async function busPortOf(port: number): Promise<string> {
  // "<id> <ip>:<port>@<bus port> myself,…"
  const nodes = await redisCommand(port, 'CLUSTER', 'NODES');
  return /@([0-9]+)[^\n]*myself/.exec(nodes)?.[1] ?? `${port + 10_000}`;
}

async function allKnow(
  servers: readonly RedisServer[],
  claim: (info: { isOk: boolean; known: number }) => boolean,
): Promise<void> {
  await eventually(async () => {
    const infos = await Promise.all(servers.map(({ port }) => redisCommand(port, 'CLUSTER', 'INFO')));
    return infos.every((info) =>
      claim({
        isOk: info.includes('cluster_state:ok'),
        known: Number(/cluster_known_nodes:([0-9]+)/.exec(info)?.[1]),
      }),
    );
  }, 30_000);
}
