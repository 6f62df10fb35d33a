import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { SettingsError } from '@roomstream/runtime/settings';
import { refuseOpenDoor } from './credentials.ts';
import { readAllSettings } from './local-settings.ts';
import { PlainError } from './plain-error.ts';

test('without settings everything is on loopback, with Redis and the keys in the data folder', () => {
  const { local, process, controlPlane, gateway, redisSocket } = readAllSettings({});
  const folder = resolve('.roomstream');
  assert.equal(local.folder, folder);
  assert.deepEqual([controlPlane.host, controlPlane.port], ['127.0.0.1', 8080]);
  assert.deepEqual([gateway.gatewayHost, gateway.gatewayPort], ['127.0.0.1', 8081]);
  assert.deepEqual([process.adminHost, process.adminPort], ['127.0.0.1', 8090]);
  assert.equal(gateway.redisUrl.path, redisSocket);
  assert.equal(controlPlane.redisUrl.path, redisSocket);
  assert.equal(gateway.tokenKeyFile, controlPlane.tokenKeyFile);
  assert.ok(gateway.tokenKeyFile?.startsWith(folder));
  assert.equal(controlPlane.region, 'us-west-2');
  assert.equal(local.account, '000000000000');
});

test('logs of every bucket go to the data folder, soon, unless a setting says where', () => {
  const { logShipper } = readAllSettings({ ROOMSTREAM_LOCAL_FOLDER: '/a,b=c' });
  assert.deepEqual(logShipper.logFolders, { byBucket: new Map(), others: '/a,b=c/logs' });
  assert.equal(logShipper.windowSeconds, 5);
  const { logFolders } = readAllSettings({ ROOMSTREAM_LOG_FOLDERS: 'my-logs=/tmp' }).logShipper;
  assert.deepEqual(logFolders, { byBucket: new Map([['my-logs', '/tmp']]), others: undefined });
});

test('a Redis, key or address that the user names is taken in place of the local one', () => {
  const { redisSocket, gateway, controlPlane } = readAllSettings({
    REDIS_URL: 'redis://example:7000',
    ROOMSTREAM_KMS_KEY_ID: 'alias/x',
    ROOMSTREAM_GATEWAY_HOST: '0.0.0.0',
  });
  assert.equal(redisSocket, undefined);
  assert.deepEqual(gateway.redisUrl.nodes, [{ host: 'example', port: 7000 }]);
  assert.equal(controlPlane.tokenKeyFile, undefined);
  assert.equal(gateway.gatewayHost, '0.0.0.0');
});

test('wrong settings of all services are named in one message, each once', () => {
  const environment = {
    REDIS_URL: 'nonsense',
    ROOMSTREAM_GATEWAY_PORT: 'x',
    ROOMSTREAM_CONTROL_PLANE_PORT: 'y',
    ROOMSTREAM_LOCAL_ACCOUNT: '12',
    ROOMSTREAM_CREDENTIALS_FILE: '/nope',
    ROOMSTREAM_LOG_FOLDERS: 'x',
  };
  assert.throws(
    () => readAllSettings(environment),
    (error: unknown) => {
      assert.ok(error instanceof SettingsError);
      const names = error.faults.map((fault) => fault.split(' ')[0]).sort();
      assert.deepEqual(names, [
        'REDIS_URL',
        'ROOMSTREAM_CONTROL_PLANE_PORT',
        'ROOMSTREAM_CREDENTIALS_FILE',
        'ROOMSTREAM_GATEWAY_PORT',
        'ROOMSTREAM_LOCAL_ACCOUNT',
        'ROOMSTREAM_LOG_FOLDERS',
      ]);
      return true;
    },
  );
});

test('the secret that everybody knows is refused beyond loopback', () => {
  assert.throws(() => refuseOpenDoor('test', ['127.0.0.1', '0.0.0.0']), PlainError);
  refuseOpenDoor('test', ['127.0.0.1', 'localhost', '::1']);
  refuseOpenDoor('a secret of my own', ['0.0.0.0']);
});
