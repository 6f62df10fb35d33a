import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { faultsOf } from '@roomstream/runtime/faults';
import type { processSettings } from '@roomstream/runtime/process';
import { type Settings, SettingsError } from '@roomstream/runtime/settings';
import { checkQuotas } from '@roomstream/store/check-quotas';
import { checkTokenKeys } from '@roomstream/token/check-token-keys';
import { drainGraceMs } from './drain.ts';
import { gatewaySettings } from './settings.ts';
import { tlsFiles } from './tls-files.ts';

type AllSettings = Settings<typeof gatewaySettings & typeof processSettings>;

/** What is wrong with settings that are each right: a start would fail of it, or a stop. */
export function checkSettings(settings: AllSettings): Promise<string[]> {
  return faultsOf(
    () => checkCertificate(tlsFiles(settings)),
    () => checkTokenKeys(settings),
    () => checkQuotas(settings),
    () => checkStop(settings),
  );
}

function checkCertificate(files: ReturnType<typeof tlsFiles>): void {
  if (files === undefined) return;
  const { certFile, keyFile } = files;
  try {
    createSecureContext({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
  } catch (error) {
    throw new Error(
      `${certFile} and ${keyFile} are no certificate with its key: ${(error as Error).message}`,
    );
  }
}

/** A stop that takes longer than it may is cut off, and drops everybody who is left at once. */
function checkStop({ stopSeconds, admitWhileDrainingSeconds, drainSeconds }: AllSettings): void {
  const least = admitWhileDrainingSeconds + drainSeconds + drainGraceMs / 1000;
  if (stopSeconds >= least) return;
  const { admitWhileDrainingSeconds: admit, drainSeconds: drain } = gatewaySettings;
  throw new SettingsError([
    `ROOMSTREAM_STOP_SECONDS ${stopSeconds} is less than the ${least} s that a stop takes: ${admit.env} ${admitWhileDrainingSeconds}, ${drain.env} ${drainSeconds}, and ${drainGraceMs / 1000}`,
  ]);
}
