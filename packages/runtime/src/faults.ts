import { SettingsError } from './settings.ts';

/** What checks find wrong, all of it: the faults of a SettingsError, the message of every other error. */
export async function faultsOf(...checks: (() => unknown)[]): Promise<string[]> {
  const faults: string[] = [];
  for (const check of checks) {
    try {
      await check();
    } catch (error) {
      faults.push(...(error instanceof SettingsError ? error.faults : [(error as Error).message]));
    }
  }
  return faults;
}
