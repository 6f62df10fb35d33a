import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@roomstream/testing/eventually';
import { durable, startRedis } from '@roomstream/testing/redis-server';
import { needs } from '@roomstream/testing/tools';
import { assertPlace } from '../src/assert-place.ts';
import { logServiceKinds } from '../src/log-service.ts';
import { logServicesEnv, startLogServices } from '../src/log-services.ts';
import { openLoggedCrowd } from '../src/logged-crowd.ts';
import { assertOverwrittenOnly, readBucket } from '../src/logged-objects.ts';
import { type LoggedPlace, openPlace } from '../src/logged-place.ts';
import { openStageOn } from '../src/stage.ts';

const messages = 50_000;
const rooms = 40;
const kills = 5;
const perSecond = 1_500;

test('50,000 messages of 40 rooms reach S3, CloudWatch Logs and Firehose, in order, while shippers are killed five times and Redis restarts', {
  skip: needs('python3'),
}, async (t) => {
  const services = await startLogServices();
  t.after(services.close);
  const redis = await startRedis(durable);
  const stage = await openStageOn(redis, {
    logShippers: 3,
    env: {
      ...logServicesEnv(services.urls),
      ROOMSTREAM_SHARDS: '16',
      ROOMSTREAM_LOG_WINDOW_SECONDS: '5',
    },
  });
  t.after(stage.close);
  const places: LoggedPlace[] = [];
  for (const kind of logServiceKinds) places.push(await openPlace(stage.api, services, kind, 'chat-logs'));
  const arns = await Promise.all(
    Array.from({ length: rooms }, () =>
      stage.api.createRoom({
        maximumMessageRatePerSecond: 100,
        loggingConfigurationIdentifiers: places.map(({ configuration }) => configuration.arn),
      }),
    ),
  );
  const crowd = await openLoggedCrowd(stage, arns);
  t.after(crowd.leave);
  const begun = performance.now();
  let isTalking = true;
  const talk = crowd.talk({ messages, perSecond }).finally(() => {
    isTalking = false;
  });
  // Told below; until then it must not count as unhandled.
  talk.catch(() => undefined);

  const reached = (part: number) =>
    eventually(() => !isTalking || crowd.confirmed() >= messages * part, 300_000);
  const victims: number[] = [];
  for (let n = 0; n < kills; n++) {
    await reached((n + Math.random()) / (kills + 0.5));
    const victim = Math.floor(Math.random() * 3);
    victims.push(victim);
    await stage.logShipper(victim).kill('SIGKILL');
    if (n === 2) {
      // With one shipper dead.
      await stage.redis.kill();
      await stage.redis.restart();
    }
    await delay(Math.random() * 2_000);
    await stage.logShipper(victim).restart();
  }
  await talk;
  const talkedMs = performance.now() - begun;
  const received = await crowd.finish();
  const texts = [...received.values()].reduce((sum, some) => sum + some.length, 0);
  assert.ok(texts >= messages, `${texts} received`);
  assert.ok(crowd.errors().every(({ ErrorCode }) => ErrorCode === 500 || ErrorCode === 429));
  t.diagnostic(
    `${crowd.confirmed()} messages confirmed in ${seconds(talkedMs)}, ${crowd.errors().length} refused; shippers ${victims.join(', ')} were killed`,
  );
  const ended = performance.now();
  for (const place of places) {
    const doubles = await assertPlace(place, received, 120_000);
    t.diagnostic(
      `${place.kind}: every message, ${doubles} doubles; ${seconds(performance.now() - ended)} after the end`,
    );
    if (place.kind === 's3') assert.equal(doubles, 0);
  }
  const objects = await readBucket(services.s3, 'chat-logs');
  t.diagnostic(`S3: ${objects.length} objects, ${assertOverwrittenOnly(objects)} overwrites`);
});

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
