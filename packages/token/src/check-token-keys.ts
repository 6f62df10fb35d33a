import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Settings } from '@roomstream/runtime/settings';
import { readKeyFileAtStart } from './key-file.ts';
import { keyOrigin, type tokenSettings } from './token-settings.ts';

/** Throws what opening the keys would throw, but makes no key file and asks no KMS. */
export function checkTokenKeys(settings: Settings<typeof tokenSettings>): void {
  const origin = keyOrigin(settings);
  if (origin.kind === 'kms') return;
  if (existsSync(origin.path)) readKeyFileAtStart(origin.path);
  else if (!existsSync(dirname(origin.path)))
    throw new Error(`the token key file ${origin.path} can't be made: its folder isn't there`);
}
