import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSettings, SettingsError } from '@roomstream/runtime/settings';
import { keyOrigin, tokenSettings } from './token-settings.ts';

test('exactly one of the key file and the KMS key is taken', () => {
  const origin = (environment: Record<string, string>) => keyOrigin(readSettings(tokenSettings, environment));
  const file = { ROOMSTREAM_TOKEN_KEY_FILE: '/keys.json' };
  const kms = { ROOMSTREAM_KMS_KEY_ID: 'alias/chat' };
  assert.deepEqual(origin(file), { kind: 'file', path: '/keys.json' });
  assert.deepEqual(origin(kms), { kind: 'kms', keyId: 'alias/chat' });
  for (const wrong of [{}, { ...file, ...kms }]) assert.throws(() => origin(wrong), SettingsError);
});
