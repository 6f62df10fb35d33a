import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Bus, openBus } from '@roomstream/bus/bus';
import { decodeReply } from '@roomstream/bus/reply';
import type { Review } from '@roomstream/bus/review';
import { newId } from '@roomstream/protocol/ids';
import { openLog } from '@roomstream/runtime/log';
import { openMetrics, type Registry } from '@roomstream/runtime/metrics';
import type { Service } from '@roomstream/runtime/service';
import { readSettings } from '@roomstream/runtime/settings';
import { durable, type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { startReviewWorker } from '../src/review-worker.ts';
import { reviewWorkerSettings } from '../src/settings.ts';

export { metric } from '@roomstream/testing/metric';

/** The account and the session of every test. */
export const account = '000000000000';
export const replyTo = { gateway: 'GGGGGGGGGGGG', session: 7 };

/** The secret of every webhook. */
const secret = 'a secret of the webhook';

/** Longest time of a handler, unless a test is about that: nothing on a loaded machine takes as long. */
const ampleMs = 30_000;

/** A frame that a room or a connection got, parsed. */
export type Frame = {
  readonly Type: string;
  readonly Id: string;
  readonly RequestId?: string;
  readonly Content?: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly SendTime?: string;
  readonly Sender?: unknown;
  readonly ErrorCode?: number;
  readonly ErrorMessage?: string;
};

/** What a room got. */
export type RoomView = { readonly id: string; readonly frames: Frame[]; readonly replies: Frame[] };

/** A worker under test, in this process. */
export type TestWorker = Service & { readonly registry: Registry };

/** Redis, workers, and what gateways would do. */
export type Stage = {
  readonly redis: RedisServer;
  readonly bus: Bus;
  /** Environment that every worker has. */
  readonly env: Readonly<Record<string, string>>;
  worker(env?: Readonly<Record<string, string>>): Promise<TestWorker>;
  /** A room that is watched. */
  room(): Promise<RoomView>;
  /** Sends a message for review and returns its id. Handlers are named after functions. */
  say(room: RoomView, content: string, changed?: Partial<Review> & { readonly to?: string }): Promise<string>;
};

/** The function's ARN. */
export function arnOf(name: string): string {
  return `arn:aws:lambda:us-west-2:${account}:function:${name}`;
}

/** Opens a stage for one test; the handlers are webhooks at these URLs, by the names of their functions. */
export async function openStage(
  t: TestContext,
  webhooks: Readonly<Record<string, string>>,
  timeoutMs = ampleMs,
): Promise<Stage> {
  const redis = await startRedis(durable);
  const folder = mkdtempSync(join(tmpdir(), 'roomstream-review-'));
  const accountsFile = join(folder, 'accounts.json');
  writeFileSync(
    accountsFile,
    JSON.stringify({ accounts: { [account]: { quotas: { messageReviewTimeoutMs: timeoutMs } } } }),
  );
  const handlersFile = join(folder, 'handlers.json');
  const handlers = Object.fromEntries(
    Object.entries(webhooks).map(([name, url]) => [arnOf(name), { webhook: { url, secret } }]),
  );
  writeFileSync(handlersFile, JSON.stringify({ handlers }));
  const env = {
    REDIS_URL: redis.url,
    ROOMSTREAM_SHARDS: '8',
    ROOMSTREAM_ACCOUNTS_FILE: accountsFile,
    ROOMSTREAM_REVIEW_HANDLERS_FILE: handlersFile,
    // No credentials may be looked for outside of this machine.
    ROOMSTREAM_LAMBDA_ENDPOINT: 'http://127.0.0.1:1',
    ROOMSTREAM_LAMBDA_ACCESS_KEY_ID: 'test',
    ROOMSTREAM_LAMBDA_SECRET_ACCESS_KEY: 'test',
  };
  const log = openLog('test', 'silent');
  const settings = readSettings(reviewWorkerSettings, env);
  const bus = await openBus({
    access: settings,
    shards: settings.shards,
    log,
    registry: openMetrics(),
  });
  const rooms = new Map<string, RoomView>();
  const follower = bus.follow({
    onGap: () => undefined,
    onEntry: ({ kind, room, body }) => {
      const view = rooms.get(room);
      if (kind === 'reply') view?.replies.push(JSON.parse(`${decodeReply(body)?.frame}`) as Frame);
      else view?.frames.push(JSON.parse(body.toString()) as Frame);
    },
  });
  const workers: Service[] = [];
  t.after(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await bus.close();
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    redis,
    bus,
    env,
    worker: async (own = {}) => {
      const registry = openMetrics();
      const service = await startReviewWorker(readSettings(reviewWorkerSettings, { ...env, ...own }), {
        log,
        registry,
      });
      workers.push(service);
      return { ...service, registry };
    },
    room: async () => {
      const view: RoomView = { id: newId(), frames: [], replies: [] };
      rooms.set(view.id, view);
      await follower.join(view.id);
      return view;
    },
    say: async (room, content, { to = Object.keys(webhooks)[0] ?? '', ...changed } = {}) => {
      const id = newId();
      const outcome = await bus.submitReview({
        account,
        room: room.id,
        id,
        requestId: `request of ${content}`,
        content,
        attributes: { own: 'yes' },
        sender: { userId: 'ann', attributes: { mood: 'fine' }, ip: '192.0.2.1' },
        handler: { uri: arnOf(to), fallbackResult: 'ALLOW' },
        maximumMessageLength: 100,
        replyTo,
        logs: [],
        ...changed,
      });
      if (outcome.kind !== 'published') throw new Error(outcome.kind);
      return id;
    },
  };
}
