import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openAdmin } from '../src/admin.ts';
import { openMetrics } from '../src/metrics.ts';

test('the admin port answers /healthz, /readyz with reasons, /metrics, and nothing else', async (t) => {
  let reasons: string[] = [];
  const admin = await openAdmin('127.0.0.1', 0, openMetrics(), [
    { name: 'gateway', notReady: () => reasons },
  ]);
  t.after(() => admin.close());
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${admin.port}${path}`);
    return [response.status, await response.text()] as const;
  };
  assert.deepEqual(await get('/healthz'), [200, 'ok\n']);
  assert.deepEqual(await get('/readyz?verbose'), [200, 'ready\n']);
  reasons = ['is draining', 'Redis is away'];
  assert.deepEqual(await get('/readyz'), [503, 'gateway: is draining\ngateway: Redis is away\n']);
  assert.equal((await get('/healthz'))[0], 200);
  const [status, metrics] = await get('/metrics');
  assert.equal(status, 200);
  assert.match(metrics, /roomstream_event_loop_lag_seconds_bucket/);
  assert.equal((await get('/other'))[0], 404);
});
