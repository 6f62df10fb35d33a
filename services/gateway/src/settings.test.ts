import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readSettings, settingsMarkdown } from '@roomstream/runtime/settings';
import { gatewaySettings } from './settings.ts';

test('every setting has a default', () => {
  const settings = readSettings(gatewaySettings, {});
  assert.equal(settings.gatewayPort, 8081);
  assert.equal(settings.idleTimeoutSeconds, 60);
});

test('idle timeouts that would end the process without a word are refused at the start', () => {
  for (const seconds of ['0', '8', '960']) {
    const settings = readSettings(gatewaySettings, { ROOMSTREAM_GATEWAY_IDLE_TIMEOUT_SECONDS: seconds });
    assert.equal(settings.idleTimeoutSeconds, Number(seconds));
  }
  for (const seconds of ['7', '961', '-1', '10.5', 'x']) {
    assert.throws(() => readSettings(gatewaySettings, { ROOMSTREAM_GATEWAY_IDLE_TIMEOUT_SECONDS: seconds }), {
      message: /ROOMSTREAM_GATEWAY_IDLE_TIMEOUT_SECONDS must be 0 or a whole number from 8 to 960/,
    });
  }
});

test('a queue in which no handshake has a place, not even that of an idle gateway, is refused at the start', () => {
  const env = (waiting: string) => ({ ROOMSTREAM_GATEWAY_HANDSHAKES_WAITING: waiting });
  assert.equal(readSettings(gatewaySettings, env('1')).handshakesWaiting, 1);
  assert.throws(() => readSettings(gatewaySettings, env('0')), {
    message: /ROOMSTREAM_GATEWAY_HANDSHAKES_WAITING must be/,
  });
});

test('the README shows the settings as they are', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  assert.ok(
    readme.includes(settingsMarkdown(gatewaySettings)),
    `put this into README.md:\n${settingsMarkdown(gatewaySettings)}`,
  );
});
