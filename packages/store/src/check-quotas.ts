import { readFileSync } from 'node:fs';
import type { Settings } from '@roomstream/runtime/settings';
import { parseOverrides } from './quota-overrides.ts';
import { finiteQuotas, quotaDefaults, type quotaSettings } from './quotas.ts';

/** Throws when the accounts file is broken, as opening the quotas would. */
export function checkQuotas({ accountsFile }: Pick<Settings<typeof quotaSettings>, 'accountsFile'>): void {
  if (accountsFile === undefined) return;
  try {
    parseOverrides(readFileSync(accountsFile, 'utf8'), quotaDefaults, finiteQuotas);
  } catch (error) {
    throw new Error(`${accountsFile} is refused: ${(error as Error).message}`);
  }
}
