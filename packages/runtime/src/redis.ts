import { readFileSync } from 'node:fs';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Log } from './log.ts';
import { optionalFile, optionalText, text } from './setting-kinds.ts';
import type { Setting, SettingsTable } from './settings.ts';
import { shareWrites } from './share-writes.ts';

/** A connection for commands: a single server, a Sentinel-watched master, or a Cluster. */
export type RedisClient = Redis | Cluster;

/** Settings of the connection to Redis. */
export const redisSettings = {
  redisUrl: redisUrl({
    env: 'REDIS_URL',
    about:
      'Redis 7 or later, or Valkey: `redis://[user:password@]host:port[/db]`, `rediss://` for TLS, `unix:///path/to/socket`, `redis-sentinel://host:port,host:port/<master name>`, `redis-cluster://host:port,host:port` (`rediss-sentinel`, `rediss-cluster` with TLS).',
    fallback: 'redis://127.0.0.1:6379',
    secret: true,
  }),
  redisCaFile: optionalFile({
    env: 'ROOMSTREAM_REDIS_CA_FILE',
    about: 'Certificate authority of `rediss` servers, PEM; the system’s own when empty.',
  }),
  redisSentinelPassword: optionalText({
    env: 'ROOMSTREAM_REDIS_SENTINEL_PASSWORD',
    about: 'Password of the Sentinels, where they have one.',
    secret: true,
  }),
} satisfies SettingsTable;

/** Where Redis is, as read from a URL. */
export type RedisAddress = {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  /** Servers, Sentinels or Cluster nodes; for a unix socket one with only a path. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly path: string | undefined;
  readonly masterName: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  readonly hasTls: boolean;
};

/** How to reach Redis: the values of `redisSettings`. */
export type RedisAccess = {
  readonly redisUrl: RedisAddress;
  readonly redisCaFile: string | undefined;
  readonly redisSentinelPassword: string | undefined;
};

const encodeHint = 'write / @ : ? of a password as %2F %40 %3A %3F';

const urlPattern = /^(rediss?)(-sentinel|-cluster)?:\/\/(?:([^@/]*)@)?([^/?]+)(?:\/([^?]*))?$/;

function redisUrl(common: {
  env: string;
  about: string;
  fallback: string;
  secret: boolean;
}): Setting<RedisAddress> {
  return { ...text(common), read: parseRedisUrl };
}

/** Reads a Redis URL; throws an Error that says what is wrong, without the password. */
export function parseRedisUrl(url: string): RedisAddress {
  if (url.startsWith('unix://')) return { ...single, nodes: [], path: url.slice('unix://'.length) };
  const match = urlPattern.exec(url);
  if (match === null) throw new Error('is not a Redis URL such as redis://127.0.0.1:6379');
  const [, scheme, topology, userInfo, hosts = '', rest = ''] = match;
  const kind = topology === '-sentinel' ? 'sentinel' : topology === '-cluster' ? 'cluster' : 'single';
  const [username, password] = parseUserInfo(userInfo);
  const nodes = hosts.split(',').map((host) => parseNode(host, kind === 'sentinel' ? 26_379 : 6_379));
  if (kind === 'sentinel' && rest === '')
    throw new Error('names no master: redis-sentinel://host:port/<master name>');
  if (kind === 'single' && nodes.length > 1)
    throw new Error('names several servers: use redis-cluster:// or redis-sentinel://');
  if (kind === 'single' && !/^[0-9]*$/.test(rest))
    throw new Error(`has a database that is not a number; ${encodeHint}`);
  return {
    ...single,
    kind,
    nodes,
    username,
    password,
    masterName: kind === 'sentinel' ? rest : undefined,
    db: kind === 'single' ? Number(rest) : 0,
    hasTls: scheme === 'rediss',
  };
}

const single: RedisAddress = {
  kind: 'single',
  nodes: [],
  path: undefined,
  masterName: undefined,
  username: undefined,
  password: undefined,
  db: 0,
  hasTls: false,
};

function parseUserInfo(userInfo: string | undefined): [string | undefined, string | undefined] {
  if (userInfo === undefined || userInfo === '') return [undefined, undefined];
  const colon = userInfo.indexOf(':');
  if (colon === -1) return [undefined, decodeURIComponent(userInfo)];
  const username = decodeURIComponent(userInfo.slice(0, colon));
  return [username === '' ? undefined : username, decodeURIComponent(userInfo.slice(colon + 1))];
}

function parseNode(text: string, defaultPort: number): { host: string; port: number } {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:]+)(?::([0-9]+))?$/.exec(text);
  // The text isn't shown: after a slip it is a part of the password.
  if (match === null) throw new Error(`has something else than host:port; ${encodeHint}`);
  return { host: (match[1] as string).replace(/^\[|\]$/g, ''), port: Number(match[2] ?? defaultPort) };
}

/** Options of every connection; replies keep the shapes of RESP2, whatever the client library negotiates. */
type ConnectionOptions = Omit<RedisOptions, 'replyMapping'>;

/** A command that Redis hasn't answered after this long has failed: a frozen master must not hang anyone. */
const commandTimeoutMs = 1_000;

/**
 * A connection on which a command has waited this long, and nothing came at all, is replaced: a frozen master doesn't
 * close it, nor does a network that drops packets, and behind Sentinel the new one is found only by connecting anew.
 */
const silenceMs = 3_000;

/** Reconnects soon and for ever; the caller of a command learns of the outage from the command. */
const retryStrategy = (tries: number) =>
  Math.min(25 * 2 ** Math.min(tries, 5), 500) * (0.5 + Math.random() / 2);

/**
 * Connects for commands. A command fails at once when the connection is down and is never sent twice by the client
 * library: a reply that was lost after the command ran would double it. Whoever can repeat a command does so knowingly.
 * Returns before the connection is up.
 */
export function connectRedis(access: RedisAccess, name: string, log: Log): RedisClient {
  const options = redisOptions(access, name);
  const address = access.redisUrl;
  const client =
    address.kind === 'cluster'
      ? new PlainCluster([...address.nodes], {
          redisOptions: options,
          enableOfflineQueue: false,
          // Otherwise the client itself sends again what was cut off, and what was answered CLUSTERDOWN; this even
          // when it has timed out meanwhile and its caller has sent it again.
          retryDelayOnFailover: 0,
          retryDelayOnClusterDown: 0,
          clusterRetryStrategy: retryStrategy,
          scaleReads: 'master',
          slotsRefreshTimeout: 2_000,
          slotsRefreshInterval: 5_000,
        })
      : new Redis(options);
  shareWrites(client);
  return logConnection(client, name, log);
}

/**
 * While a slot moves to another master, commands of several keys are refused with TRYAGAIN. The library would send them
 * again after a pause, and what was sent meanwhile would overtake them: whoever sent it is told instead.
 */
class PlainCluster extends Cluster {
  override handleError(...[error, ttl, handlers]: Parameters<Cluster['handleError']>): void {
    if (error.message.startsWith('TRYAGAIN')) handlers.defaults();
    else super.handleError(error, ttl, handlers);
  }
}

/** A connection of its own to the master or, in a Cluster, to one node: for subscriptions and blocking reads. */
export function connectNode(
  access: RedisAccess,
  name: string,
  log: Log,
  node?: { host: string; port: number },
): Redis {
  const options = redisOptions(access, name);
  return logConnection(new Redis(node === undefined ? options : { ...options, ...node, db: 0 }), name, log);
}

function redisOptions(access: RedisAccess, name: string): ConnectionOptions {
  const address = access.redisUrl;
  const options: ConnectionOptions = {
    connectionName: `roomstream-${name}`,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    commandTimeout: commandTimeoutMs,
    socketTimeout: silenceMs,
    connectTimeout: 2_000,
    keepAlive: 10_000,
    noDelay: true,
    retryStrategy,
    db: address.db,
  };
  if (address.username !== undefined) options.username = address.username;
  if (address.password !== undefined) options.password = address.password;
  if (address.hasTls)
    options.tls = access.redisCaFile === undefined ? {} : { ca: readFileSync(access.redisCaFile) };
  if (address.kind === 'sentinel') {
    options.sentinels = [...address.nodes];
    options.name = address.masterName as string;
    options.sentinelRetryStrategy = retryStrategy;
    if (access.redisSentinelPassword !== undefined) options.sentinelPassword = access.redisSentinelPassword;
    if (options.tls !== undefined) {
      options.sentinelTLS = options.tls;
      options.enableTLSForSentinelMode = true;
    }
  } else if (address.kind === 'single') {
    if (address.path !== undefined) options.path = address.path;
    else Object.assign(options, address.nodes[0]);
  }
  return options;
}

/**
 * Whether Redis has answered that it can't write: its memory is full (`maxmemory` with noeviction) or its disk fails.
 * Nothing was done, and trying again a moment later is pointless.
 */
export function cannotWrite(error: unknown): boolean {
  return error instanceof Error && /^(OOM|MISCONF)\b/.test(error.message);
}

/** One line when the connection is lost, one when it is back. */
function logConnection<C extends RedisClient>(client: C, name: string, log: Log): C {
  let isDown = false;
  client.on('error', (err: Error) => {
    if (!isDown) log.warn({ err, connection: name }, 'Redis is away; reconnecting');
    isDown = true;
  });
  client.on('ready', () => {
    if (isDown) log.info({ connection: name }, 'Redis is back');
    isDown = false;
  });
  return client;
}
