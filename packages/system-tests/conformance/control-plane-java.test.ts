import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startFleet } from '@roomstream/testing/fleet';
import { startRedis } from '@roomstream/testing/redis-server';
import { needs } from '@roomstream/testing/tools';

const run = promisify(execFile);
const project = fileURLToPath(new URL('../../conformance/java', import.meta.url));

test('the unmodified AWS SDK for Java 2 calls all 17 operations', {
  skip: needs('java', 'mvn'),
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'roomstream-java-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const redis = await startRedis();
  t.after(() => redis.stop());
  const fleet = await startFleet({ gateways: 0, controlPlanes: 1, redis });
  t.after(() => fleet.stop());
  await run('mvn', ['-B', '-q', `-DoutputFolder=${folder}`, 'process-classes'], { cwd: project });
  const classPath = `${join(folder, 'classes')}:${join(folder, 'lib')}/*`;
  const { stdout } = await run('java', ['-cp', classPath, 'ControlPlane', fleet.controlPlanes[0]?.url ?? '']);
  t.diagnostic(`${stdout.split('\n').filter((line) => line.startsWith('ok ')).length} claims held`);
  assert.match(stdout, /\ndone\n$/);
});
