import { readFileSync } from 'node:fs';
import { faultsOf } from '@roomstream/runtime/faults';
import type { Settings } from '@roomstream/runtime/settings';
import { checkQuotas } from '@roomstream/store/check-quotas';
import { parseHandlerTable } from './handler-table.ts';
import { lambdaAccess, type reviewWorkerSettings } from './settings.ts';

type AllSettings = Settings<typeof reviewWorkerSettings>;

/** What is wrong with settings that are each right: a start would fail of it. */
export function checkSettings(settings: AllSettings): Promise<string[]> {
  return faultsOf(
    () => lambdaAccess.read(settings, settings.region),
    () => checkHandlers(settings.handlersFile),
    () => checkQuotas(settings),
  );
}

function checkHandlers(file: string | undefined): void {
  if (file === undefined) return;
  try {
    parseHandlerTable(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file} is refused: ${(error as Error).message}`);
  }
}
