import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { openLog } from '@roomstream/runtime/log';
import { openMeters } from '@roomstream/runtime/meters';
import { connectRedis, parseRedisUrl, type RedisClient } from '@roomstream/runtime/redis';
import { eventually } from '@roomstream/testing/eventually';
import { durable, type RedisServer, startRedis } from '@roomstream/testing/redis-server';
import { repositoryRoot } from '@roomstream/testing/repository-root';
import { Registry } from 'prom-client';
import { type PeriodCounts, readPeriod } from '../src/period-counts.ts';
import { startReporter } from '../src/reporter.ts';
import { defineScripts, type Scripts } from '../src/scripts.ts';

const log = openLog('test', 'silent');
const longMs = 600_000;
let redis: RedisServer;
/** With all rights. */
let commands: RedisClient;
/** With those that operators are told to give. */
let limited: RedisClient;
/** Periods of a second. */
let scripts: Scripts;

before(async () => {
  redis = await startRedis([...durable, '--user', 'roomstream', 'on', '>s3cret', ...rights()]);
  commands = connect(redis.url);
  limited = connect(redis.url.replace('redis://', 'redis://roomstream:s3cret@'));
  await eventually(() => commands.status === 'ready' && limited.status === 'ready');
  scripts = defineScripts(limited, 1);
});
after(async () => {
  commands?.disconnect();
  limited?.disconnect();
  await redis?.stop();
});
beforeEach(() => commands.flushall());

function connect(url: string): RedisClient {
  const access = { redisUrl: parseRedisUrl(url), redisCaFile: undefined, redisSentinelPassword: undefined };
  return connectRedis(access, 'test', log);
}

/** What the README of the bus tells operators to allow. */
function rights(): readonly string[] {
  const readme = readFileSync(join(repositoryRoot(), 'packages', 'bus', 'README.md'), 'utf8');
  return /^~\{s\*\}.*$/m.exec(readme)?.[0].split(' ') ?? assert.fail('no list of rights');
}

const counted = (count: number) => new Map([['Messaging Requests|', count]]);

/** Takes all that has ended, until `isEnough`. */
async function takeAll(
  isEnough: (taken: readonly PeriodCounts[]) => boolean,
): Promise<readonly PeriodCounts[]> {
  const taken: PeriodCounts[] = [];
  await eventually(async () => {
    const { claimed } = await scripts.claim('taker', longMs);
    if (claimed !== undefined) {
      taken.push(readPeriod(claimed.beganSecond, claimed.json));
      assert.equal(await scripts.settle('taker', claimed.beganSecond), true);
    }
    return isEnough(taken);
  }, 60_000);
  return taken;
}

const requestsIn = (taken: readonly PeriodCounts[]) =>
  taken.reduce((sum, { counts }) => sum + (counts.get('Messaging Requests')?.get('') ?? 0), 0);

test('what processes report is added up, and a report that is sent twice counts once', async () => {
  await scripts.report('one', 1, undefined, counted(5));
  await scripts.report('one', 1, undefined, counted(5));
  await scripts.report('two', 1, undefined, counted(3));
  await scripts.report('one', 2, undefined, counted(1));
  const taken = await takeAll((some) => requestsIn(some) >= 9);
  assert.equal(requestsIn(taken), 9);
  assert.equal((await scripts.claim('taker', longMs)).claimed, undefined);
});

test('an ended period is one process’s until its claim is over, and then the next one’s', async () => {
  await scripts.report('one', 1, undefined, counted(5));
  const first = await eventually(async () => {
    const { claimed } = await scripts.claim('a', 300);
    assert.ok(claimed !== undefined);
    return claimed;
  });
  assert.equal((await scripts.claim('b', longMs)).claimed, undefined);
  const second = await eventually(async () => {
    const { claimed } = await scripts.claim('b', longMs);
    assert.ok(claimed !== undefined);
    return claimed;
  });
  assert.deepEqual(second, first);
  assert.equal(await scripts.settle('a', first.beganSecond), false);
  assert.equal(await scripts.settle('b', first.beganSecond), true);
  assert.equal(await commands.exists('{roomstream}:cloudwatch:claims'), 0);
});

test('a period that has ended is never added to, even when the clock of Redis goes back', async () => {
  // The clock was an hour ahead when the last one ended.
  const ahead = Math.floor(Date.now() / 1000) + 3_600;
  await commands.hset('{roomstream}:cloudwatch:ended', 'last', `${ahead}`, `${ahead}`, '[]');
  await scripts.report('one', 1, 1, counted(2));
  assert.equal(await commands.hget('{roomstream}:cloudwatch', 'begun'), `${ahead + 1}`);
  assert.equal((await scripts.claim('taker', longMs)).claimed?.json, '[]');
  assert.equal(await commands.hget('{roomstream}:cloudwatch', 'Messaging Requests|'), '2');
});

test('a period in which nobody had anything to tell is not sent', async () => {
  await scripts.report('one', 1, undefined, new Map());
  await eventually(async () => {
    assert.equal((await scripts.claim('taker', longMs)).claimed, undefined);
    return (await commands.hget('{roomstream}:cloudwatch:ended', 'last')) !== null;
  });
});

test('of the periods that wait a day’s worth is kept, and what is given up is counted', async () => {
  const begins = Array.from({ length: 1_445 }, (_, n) => [`${1_000 + n}`, '[]']).flat();
  await commands.hset('{roomstream}:cloudwatch:ended', ...begins, 'last', '9999');
  await commands.hset('{roomstream}:cloudwatch', 'begun', '10000', 'Messaging Requests|', '1');
  const { waiting, gone, claimed } = await scripts.claim('taker', longMs);
  assert.deepEqual([waiting, gone, claimed?.beganSecond], [1_440, 6, '1006']);
  assert.equal((await scripts.claim('taker', longMs)).gone, 0);
});

test('a service’s counters reach the periods whole, through an outage of Redis and its own end', async () => {
  const registry = new Registry();
  const meters = openMeters(registry);
  const requests = meters.tally('roomstream_messaging_requests_total', 'Requests.');
  const errors = meters.counter('roomstream_invocation_errors_total', 'Errors.', 'uri', 'reason');
  meters.gauge('roomstream_concurrent_chat_connections', 'Connections.', () => 4);
  const reporter = startReporter({ registry, commands: limited, periodSeconds: 1, log });
  requests.add(10);
  errors.inc({ uri: 'f', reason: 'timeout' }, 2);
  errors.inc({ uri: 'f', reason: 'not-found' }, 1);
  const before = await takeAll((some) => requestsIn(some) >= 10);
  await redis.kill();
  requests.add(5);
  await eventually(() => commands.status !== 'ready');
  await redis.restart();
  await eventually(() => commands.status === 'ready' && limited.status === 'ready', 30_000);
  const during = await takeAll((some) => requestsIn(some) >= 5);
  requests.add(1);
  await reporter.close();
  const last = await takeAll((some) => requestsIn(some) >= 1);
  const all = [...before, ...during, ...last];
  assert.equal(requestsIn(all), 16);
  const failed = all.map(({ counts }) => counts.get('InvocationErrors')?.get('f') ?? 0);
  assert.equal(
    failed.reduce((sum, count) => sum + count, 0),
    3,
  );
  assert.deepEqual(new Set(all.map(({ connections }) => connections)), new Set([4]));
});
