import { readFileSync } from 'node:fs';
import { faultsOf } from '@roomstream/runtime/faults';
import { openLog } from '@roomstream/runtime/log';
import type { processSettings } from '@roomstream/runtime/process';
import { type Settings, SettingsError } from '@roomstream/runtime/settings';
import { checkQuotas } from '@roomstream/store/check-quotas';
import { checkTokenKeys } from '@roomstream/token/check-token-keys';
import { readCredentialsFile } from './auth/credentials-file.ts';
import { stopWithinMs } from './server.ts';
import { controlPlaneSettings } from './settings.ts';
import { openTlsCertificate } from './tls-certificate.ts';

type AllSettings = Settings<typeof controlPlaneSettings & typeof processSettings>;

/** What is wrong with settings that are each right: a start would fail of it, or a stop. */
export function checkSettings(settings: AllSettings): Promise<string[]> {
  return faultsOf(
    () => checkCertificate(settings),
    () => checkCredentials(settings.credentialsFile),
    () => checkTokenKeys(settings),
    () => checkQuotas(settings),
    () => checkStop(settings),
  );
}

async function checkCertificate({ tlsCertFile, tlsKeyFile }: AllSettings): Promise<void> {
  if (tlsCertFile === undefined && tlsKeyFile === undefined) return;
  if (tlsCertFile === undefined || tlsKeyFile === undefined) {
    const { tlsCertFile: cert, tlsKeyFile: key } = controlPlaneSettings;
    throw new SettingsError([`${cert.env} and ${key.env} must be set together`]);
  }
  const certificate = await openTlsCertificate(tlsCertFile, tlsKeyFile, openLog('control-plane', 'silent'));
  await certificate.close();
}

function checkCredentials(file: string): void {
  const content = readCredentialsFile(readFileSync(file, 'utf8'));
  if (content.kind === 'refused') throw new SettingsError(content.faults.map((fault) => `${file}: ${fault}`));
}

function checkStop({ stopSeconds, stopDelaySeconds }: AllSettings): void {
  const least = stopDelaySeconds + stopWithinMs / 1000;
  if (stopSeconds >= least) return;
  throw new SettingsError([
    `ROOMSTREAM_STOP_SECONDS ${stopSeconds} is less than the ${least} s that a stop may take: ${controlPlaneSettings.stopDelaySeconds.env} ${stopDelaySeconds}, and ${stopWithinMs / 1000} for calls under way`,
  ]);
}
