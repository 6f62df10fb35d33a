import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startFleet } from '@roomstream/testing/fleet';
import { pythonTools } from '@roomstream/testing/python-tools';
import { startRedis } from '@roomstream/testing/redis-server';
import { needs } from '@roomstream/testing/tools';

const script = fileURLToPath(new URL('../../conformance/python/control_plane.py', import.meta.url));

test('unmodified boto3 calls all 17 operations', { skip: needs('python3') }, async (t) => {
  const tools = (await pythonTools()) ?? assert.fail('python3 without venv');
  const redis = await startRedis();
  t.after(() => redis.stop());
  const fleet = await startFleet({ gateways: 0, controlPlanes: 1, redis });
  t.after(() => fleet.stop());
  const { stdout } = await promisify(execFile)(tools.python, [script, fleet.controlPlanes[0]?.url ?? '']);
  t.diagnostic(`${stdout.split('\n').filter((line) => line.startsWith('ok ')).length} claims held`);
  assert.match(stdout, /\ndone\n$/);
});
