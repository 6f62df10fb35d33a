import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { redisCommand } from './redis-command.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

/** A Redis Cluster on loopback; each master may have one replica. */
export type RedisCluster = {
  /** `redis-cluster://127.0.0.1:<port>,…` */
  readonly url: string;
  /** Each owns an equal part of the slots, in order. */
  readonly masters: readonly RedisServer[];
  /** The replica of the master of the same index; none unless asked for. */
  readonly replicas: readonly RedisServer[];
  stop(): Promise<void>;
};

const slotCount = 16_384;

/** Starts a Cluster of three masters or as many as asked for; a node counts as failed after a second. `args` are further options of every node. */
export async function startRedisCluster(
  options: { masters?: number; hasReplicas?: boolean; args?: readonly string[] } = {},
): Promise<RedisCluster> {
  const { masters: count = 3, args = [] } = options;
  const masters = await startNodes(count, args);
  const replicas = options.hasReplicas === true ? await startNodes(count, args) : [];
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

async function startNodes(count: number, args: readonly string[]): Promise<RedisServer[]> {
  const nodes: RedisServer[] = [];
  // One after the other: each free port must be taken before the next is looked for.
  try {
    while (nodes.length < count) nodes.push(await startNode(args, 3));
    return nodes;
  } catch (error) {
    await Promise.all(nodes.map((node) => node.stop()));
    throw error;
  }
}

/** Somebody else may take its second port before it does: then it is tried again. */
async function startNode(args: readonly string[], tries: number): Promise<RedisServer> {
  // The usual bus port, 10,000 above, may not exist above a free port.
  const busPort = await freePort();
  const own = `--cluster-enabled yes --cluster-announce-ip 127.0.0.1 --cluster-port ${busPort} --cluster-node-timeout 1000 --repl-diskless-sync-delay 0`;
  try {
    return await startRedis([...own.split(' '), ...args]);
  } catch (error) {
    if (tries <= 1) throw error;
    return startNode(args, tries - 1);
  }
}

async function join(masters: readonly RedisServer[], replicas: readonly RedisServer[]): Promise<void> {
  const all = [...masters, ...replicas];
  for (const [i, { port }] of masters.entries()) {
    const from = Math.floor((i * slotCount) / masters.length);
    const to = Math.floor(((i + 1) * slotCount) / masters.length) - 1;
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
