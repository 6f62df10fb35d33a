import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { newId } from '@roomstream/protocol/ids';
import { openLog } from '@roomstream/runtime/log';
import { openMetrics } from '@roomstream/runtime/metrics';
import type { Surroundings } from '@roomstream/runtime/service';
import { readSettings } from '@roomstream/runtime/settings';
import type { ChatToken } from '../src/token.ts';
import { openTokenKeys, type TokenKeys } from '../src/token-keys.ts';
import { tokenSettings } from '../src/token-settings.ts';

/** A token with an id of its own. */
export function aToken(changes: Partial<ChatToken> = {}): ChatToken {
  return {
    id: newId(),
    account: '123456789012',
    room: 'AbCdEfGhIjKl',
    userId: 'viewer-7',
    attributes: { displayName: 'Viewer ✓ seven' },
    capabilities: ['SEND_MESSAGE', 'DELETE_MESSAGE'],
    tokenExpiresMs: 1_800_000_060_000,
    sessionExpiresMs: 1_800_003_600_000,
    ...changes,
  };
}

export function surroundings(): Surroundings {
  return { log: openLog('test', 'silent'), registry: openMetrics() };
}

/** A folder that goes with the test. */
export function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'roomstream-token-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Keys that are closed with the test. */
export async function openKeys(
  t: TestContext,
  environment: Record<string, string>,
  around = surroundings(),
): Promise<TokenKeys> {
  const keys = await openTokenKeys(readSettings(tokenSettings, environment), around);
  t.after(() => keys.close());
  return keys;
}

/** Keys of a file; a new one when no path is given. */
export function openFileKeys(
  t: TestContext,
  path = join(folder(t), 'keys.json'),
  further: Record<string, string> = {},
): Promise<TokenKeys> {
  return openKeys(t, { ROOMSTREAM_TOKEN_KEY_FILE: path, ...further });
}
