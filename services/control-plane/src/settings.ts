import { busSettings } from '@roomstream/bus/bus-settings';
import { exportSettings } from '@roomstream/cloudwatch/cloudwatch-settings';
import { region } from '@roomstream/runtime/region';
import { file, integer, optionalFile, port, text } from '@roomstream/runtime/setting-kinds';
import type { SettingsTable } from '@roomstream/runtime/settings';
import { trustedProxies } from '@roomstream/runtime/trusted-proxies';
import { historySettings } from '@roomstream/store/history';
import { quotaSettings } from '@roomstream/store/quotas';
import { recordsSettings } from '@roomstream/store/records-settings';
import { tokenSettings } from '@roomstream/token/token-settings';
import { origins } from './origins.ts';

/** Settings of the control plane. */
export const controlPlaneSettings = {
  region,
  host: text({
    env: 'ROOMSTREAM_CONTROL_PLANE_HOST',
    fallback: '0.0.0.0',
    about: 'Address of the API.',
  }),
  port: port({ env: 'ROOMSTREAM_CONTROL_PLANE_PORT', fallback: '8080', about: 'Port of the API.' }),
  tlsCertFile: optionalFile({
    env: 'ROOMSTREAM_CONTROL_PLANE_TLS_CERT_FILE',
    about: 'Certificate chain, PEM; with it the API speaks TLS 1.2 or later. Read again when it changes.',
  }),
  tlsKeyFile: optionalFile({
    env: 'ROOMSTREAM_CONTROL_PLANE_TLS_KEY_FILE',
    about: 'Private key of the certificate, PEM.',
  }),
  trustedProxies,
  corsOrigins: origins({
    env: 'ROOMSTREAM_CONTROL_PLANE_CORS_ORIGINS',
    fallback: '',
    about:
      'Origins, separated by commas, whose pages may call the API from a browser (`https://example.com`); `*` for all, none when empty.',
  }),
  credentialsFile: file({
    env: 'ROOMSTREAM_CREDENTIALS_FILE',
    about: 'JSON file of accounts, access keys and policies; read again when it changes.',
  }),
  stopDelaySeconds: integer(
    {
      env: 'ROOMSTREAM_CONTROL_PLANE_STOP_DELAY_SECONDS',
      fallback: '0',
      about:
        'How long a stopping control plane, no longer ready, still takes calls, until balancers have noticed; with the 10 s that running calls may take less than `ROOMSTREAM_STOP_SECONDS`.',
    },
    0,
    600,
  ),
  unusedRoomMonths: integer(
    {
      env: 'ROOMSTREAM_UNUSED_ROOM_MONTHS',
      fallback: '24',
      about: 'Rooms without connections or updates for this many months are removed; 0 keeps them for ever.',
    },
    0,
    1200,
  ),
  streamRetentionSeconds: integer(
    {
      env: 'ROOMSTREAM_STREAM_RETENTION_SECONDS',
      fallback: '300',
      about:
        'How long entries stay in the streams: the longest outage that gateways catch up after, in seconds.',
    },
    30,
    86_400,
  ),
  ...historySettings,
  ...busSettings,
  ...recordsSettings,
  ...quotaSettings,
  ...tokenSettings,
  ...exportSettings,
} satisfies SettingsTable;
