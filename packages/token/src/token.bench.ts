// Prints how many tokens one core seals, opens and refuses in a second: node packages/token/dist/src/token.bench.js
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@roomstream/protocol/ids';
import { openLog } from '@roomstream/runtime/log';
import { openMetrics } from '@roomstream/runtime/metrics';
import { readSettings } from '@roomstream/runtime/settings';
import type { ChatToken } from './token.ts';
import { openTokenKeys } from './token-keys.ts';
import { tokenSettings } from './token-settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'roomstream-bench-'));
const settings = readSettings(tokenSettings, { ROOMSTREAM_TOKEN_KEY_FILE: join(folder, 'keys.json') });
const keys = await openTokenKeys(settings, { log: openLog('bench', 'silent'), registry: openMetrics() });

function aToken(attributeBytes: number): ChatToken {
  const nowMs = Date.now();
  return {
    id: newId(),
    account: '000000000000',
    room: newId(),
    userId: 'viewer-1234',
    attributes: { name: 'x'.repeat(attributeBytes) },
    capabilities: ['SEND_MESSAGE'],
    tokenExpiresMs: nowMs + 60_000,
    sessionExpiresMs: nowMs + 3_600_000,
  };
}

/** Runs `work` for a second of wall time after a warm-up, and prints its rate. */
function measure(name: string, work: () => void): void {
  for (let i = 0; i < 2_000; i++) work();
  const startMs = performance.now();
  let count = 0;
  while (performance.now() - startMs < 1_000) {
    for (let i = 0; i < 100; i++) work();
    count += 100;
  }
  const perSecond = Math.round((count * 1000) / (performance.now() - startMs));
  process.stdout.write(`${name.padEnd(44)}${perSecond.toLocaleString('en').padStart(10)} /s\n`);
}

process.stdout.write(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, one core\n`);
for (const attributeBytes of [20, 1_000]) {
  const token = aToken(attributeBytes);
  const text = await keys.seal(token);
  const forged = `${text.slice(0, -8)}AAAAAAAA`;
  const label = `${attributeBytes} bytes of attributes, ${text.length} characters`;
  measure(`seal, ${label}`, () => void keys.seal(token));
  measure(`open, ${label}`, () => void keys.open(text));
  measure('refuse a forged one', () => void keys.open(forged));
}
await keys.close();
rmSync(folder, { recursive: true });
