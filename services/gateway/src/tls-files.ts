import { type Settings, SettingsError } from '@roomstream/runtime/settings';
import { gatewaySettings } from './settings.ts';

/** The files of the gateway's certificate; undefined without TLS. Throws a SettingsError when there is one without the other. */
export function tlsFiles(
  settings: Pick<Settings<typeof gatewaySettings>, 'gatewayTlsCertFile' | 'gatewayTlsKeyFile'>,
): { readonly certFile: string; readonly keyFile: string } | undefined {
  const { gatewayTlsCertFile: certFile, gatewayTlsKeyFile: keyFile } = settings;
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile !== undefined && keyFile !== undefined) return { certFile, keyFile };
  throw new SettingsError([
    `${gatewaySettings.gatewayTlsCertFile.env} and ${gatewaySettings.gatewayTlsKeyFile.env} go together`,
  ]);
}
