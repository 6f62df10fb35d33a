import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type Bus, openBus } from '@roomstream/bus/bus';
import { encodeMessage, encodeSender } from '@roomstream/protocol/frames';
import { newId } from '@roomstream/protocol/ids';
import { openLog } from '@roomstream/runtime/log';
import { openMetrics, type Registry } from '@roomstream/runtime/metrics';
import type { Service } from '@roomstream/runtime/service';
import { readSettings } from '@roomstream/runtime/settings';
import { presetQuotas } from '@roomstream/store/quotas';
import type { Destination } from '@roomstream/store/records';
import { openStore, type Store } from '@roomstream/store/store';
import { durable, type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { openDestinations } from '../src/destinations/destinations.ts';
import type { LogDestination, RoomOutcome, RoomRecords } from '../src/log-destination.ts';
import { startLogShipper } from '../src/log-shipper.ts';
import { logShipperSettings } from '../src/settings.ts';

export { metric } from '@roomstream/testing/metric';

export const account = '000000000000';
export const region = 'us-west-2';

/** A shipper under test, in this process. */
export type TestShipper = Service & { readonly registry: Registry };

/** Redis, records, what gateways would publish, and shippers. */
export type Stage = {
  readonly redis: RedisServer;
  readonly bus: Bus;
  readonly store: Store;
  /** Environment that every shipper has. */
  readonly env: Readonly<Record<string, string>>;
  /** An empty folder; every bucket is a subfolder of it. */
  readonly folder: string;
  /** A logging configuration's id. By default it is the bucket `logs`. */
  configuration(destination?: Destination): Promise<string>;
  /** Sends messages one after the other; contents are numbers that count on over all calls. Returns the contents. */
  say(room: string, configurations: readonly string[], count?: number): Promise<string[]>;
  /** Adds what isn't a frame to a room's logs. */
  sayNonsense(room: string, configurations: readonly string[]): Promise<void>;
  /** Starts a shipper whose destinations are `destinations`, by the name of bucket or log group; without, the real ones. */
  shipper(
    env?: Readonly<Record<string, string>>,
    destinations?: Readonly<Record<string, LogDestination>>,
  ): Promise<TestShipper>;
};

/** Opens one for a test: 8 shards, windows of a second. */
export async function openStage(t: TestContext, own: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'roomstream-logs-'));
  const redis = await startRedis(durable);
  const env = {
    REDIS_URL: redis.url,
    ROOMSTREAM_SHARDS: '8',
    ROOMSTREAM_LOG_WINDOW_SECONDS: '1',
    ROOMSTREAM_LOG_FOLDERS: `*=${folder}`,
    ...own,
  };
  const log = openLog('test', 'silent');
  const registry = openMetrics();
  const settings = readSettings(logShipperSettings, env);
  const { shards, logBacklogRecords } = settings;
  const bus = await openBus({ access: settings, shards, logBacklogRecords, log, registry });
  const quotas = { of: () => presetQuotas('unlimited') };
  const store = await openStore({ access: settings, quotas, log, registry });
  const shippers: Service[] = [];
  t.after(async () => {
    await Promise.all(shippers.map((shipper) => shipper.stop()));
    await bus.close();
    await store.close();
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  let said = 0;
  const publish = async (room: string, configurations: readonly string[], body: string, id: string) => {
    const logs = configurations.map((configuration) => ({ configuration, whenFull: 'drop-oldest' }) as const);
    const outcome = await bus.publish([{ kind: 'frame', account, room, id, body }], undefined, logs);
    if (outcome.kind !== 'published') throw new Error(outcome.kind);
  };
  return {
    redis,
    bus,
    store,
    env,
    folder,
    configuration: async (destination = { s3: { bucketName: 'logs' } }) => {
      const draft = { account, id: newId(), name: '', destination, state: 'ACTIVE', tags: {} } as const;
      await store.loggingConfigurations.create(draft, 100);
      return draft.id;
    },
    say: async (room, configurations, count = 1) => {
      const contents = Array.from({ length: count }, () => `${said++}`);
      // As one gateway does for one room: in order, many under way.
      await Promise.all(
        contents.map((content) => {
          const id = newId();
          return publish(room, configurations, frameOf(id, content, bus.clock.nowMs()), id);
        }),
      );
      return contents;
    },
    sayNonsense: (room, configurations) => publish(room, configurations, 'nonsense', newId()),
    shipper: async (more = {}, destinations) => {
      const registryOfIts = openMetrics();
      const service = await startLogShipper(
        readSettings(logShipperSettings, { ...env, ...more }),
        { log, registry: registryOfIts },
        destinations === undefined ? openDestinations : () => inPlaceOf(destinations),
      );
      shippers.push(service);
      return { ...service, registry: registryOfIts };
    },
  };
}

function frameOf(id: string, content: string, sendTimeMs: number): string {
  const sender = encodeSender('ann', {});
  return encodeMessage({ id, requestId: undefined, attributes: {}, content, sendTimeMs, sender });
}

function inPlaceOf(destinations: Readonly<Record<string, LogDestination>>) {
  return {
    of: ({ destination }: { readonly destination: Destination }) => {
      const [names] = Object.values(destination) as readonly Record<string, string>[];
      const [name = ''] = Object.values(names ?? {});
      const found = destinations[name];
      if (found === undefined) throw new Error(`no destination ${name}`);
      return found;
    },
    close: () => undefined,
  };
}

/** A delivery as a test sees it. */
export type Seen = {
  /** Contents by room. */
  readonly rooms: ReadonlyMap<string, readonly string[]>;
  readonly times: readonly number[];
  readonly windowStartMs: number;
  readonly atMs: number;
};

/** A destination that a test controls. */
export class Controlled implements LogDestination {
  readonly kind = 'firehose';
  readonly pace: LogDestination['pace'];
  /** All deliveries, in the order in which they began. */
  readonly seen: Seen[] = [];
  /** Contents by room that were delivered, in the order in which they were. */
  readonly delivered = new Map<string, string[]>();
  underWay = 0;
  mostUnderWay = 0;
  /** What becomes of a room; it may take its time. */
  answer: (room: RoomRecords, signal: AbortSignal) => Promise<RoomOutcome> | RoomOutcome = () => fine;

  constructor(pace: LogDestination['pace'] = 'live') {
    this.pace = pace;
  }

  async deliver(rooms: readonly RoomRecords[], windowStartMs: number, signal: AbortSignal) {
    const times = rooms.flatMap(({ records }) => records.map(({ ms }) => ms));
    const contents = new Map(rooms.map((room) => [room.room, contentsOf(room)]));
    this.seen.push({ rooms: contents, times, windowStartMs, atMs: performance.now() });
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay);
    const outcomes: RoomOutcome[] = [];
    for (const room of rooms) {
      const outcome = await this.answer(room, signal);
      outcomes.push(outcome);
      if (outcome.kind === 'failed') continue;
      this.delivered.set(room.room, [...this.of(room.room), ...(contents.get(room.room) ?? [])]);
    }
    this.underWay--;
    return outcomes;
  }

  /** What a room has got. */
  of(room: string): readonly string[] {
    return this.delivered.get(room) ?? [];
  }

  /** How much all rooms have got. */
  get count(): number {
    return [...this.delivered.values()].reduce((sum, { length }) => sum + length, 0);
  }
}

export const fine: RoomOutcome = { kind: 'delivered', rejected: 0 };
export const broken = { kind: 'failed', reason: 'error', err: new Error('broken') } satisfies RoomOutcome;

/** Hangs until it is told to end. */
export function hang(_room: RoomRecords, signal: AbortSignal): Promise<RoomOutcome> {
  const outcome: RoomOutcome = { kind: 'failed', reason: 'timeout', err: new Error('hanging') };
  return new Promise((resolve) => {
    if (signal.aborted) resolve(outcome);
    signal.addEventListener('abort', () => resolve(outcome));
  });
}

function contentsOf({ records }: RoomRecords): string[] {
  return records.map(({ line }) => contentOf(line.toString()));
}

function contentOf(line: string): string {
  return (JSON.parse(line) as { readonly payload: { readonly Content: string } }).payload.Content;
}

/** The objects below a folder: key and contents, sorted by key. */
export function objectsOf(folder: string): { readonly key: string; readonly contents: string[] }[] {
  return (readdirSync(folder, { recursive: true }) as string[])
    .filter((key) => key.endsWith('.log.gz') && !(key.split('/').at(-1) ?? '').startsWith('.'))
    .sort()
    .map((key) => ({ key, contents: linesOf(join(folder, key)).map(contentOf) }));
}

function linesOf(path: string): string[] {
  return gunzipSync(readFileSync(path)).toString().trimEnd().split('\n');
}
