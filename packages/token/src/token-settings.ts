import { integer, optionalText, text } from '@roomstream/runtime/setting-kinds';
import { type Settings, SettingsError, type SettingsTable } from '@roomstream/runtime/settings';

/** Settings of the keys that seal and open chat tokens: a file for one machine or a small fleet, KMS otherwise. */
export const tokenSettings = {
  tokenKeyFile: optionalText({
    env: 'ROOMSTREAM_TOKEN_KEY_FILE',
    about:
      'File of the local master keys of chat tokens, readable by its owner alone; made at the first start. Every gateway and control plane needs the same one. Either this or `ROOMSTREAM_KMS_KEY_ID`.',
  }),
  kmsKeyId: optionalText({
    env: 'ROOMSTREAM_KMS_KEY_ID',
    about:
      'Customer-managed symmetric KMS key that wraps the data keys of chat tokens, preferably its ARN. Control planes need kms:GenerateDataKey and, like gateways, kms:Decrypt.',
  }),
  kmsEndpoint: optionalText({
    env: 'ROOMSTREAM_KMS_ENDPOINT',
    about: 'URL of KMS; when empty the AWS SDK’s own rule holds (`AWS_ENDPOINT_URL_KMS`, else AWS).',
  }),
  kmsRegion: optionalText({
    env: 'ROOMSTREAM_KMS_REGION',
    about:
      'Region of the KMS key; when empty that of its ARN, else what the AWS SDK finds (`AWS_REGION`, profile).',
  }),
  kmsDeployment: text({
    env: 'ROOMSTREAM_KMS_DEPLOYMENT',
    fallback: 'roomstream',
    about:
      'Name of this deployment in the KMS encryption context: deployments that share a KMS key can’t open each other’s tokens.',
  }),
  dataKeySeconds: integer(
    {
      env: 'ROOMSTREAM_DATA_KEY_SECONDS',
      fallback: '3600',
      about:
        'Longest use of one data key for sealing, in seconds; tokens of earlier ones open until they expire.',
    },
    1,
    86_400,
  ),
} satisfies SettingsTable;

/** Where the keys come from. */
export type KeyOrigin =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'kms'; readonly keyId: string };

/** Exactly one of the key file and the KMS key; anything else throws a SettingsError. */
export function keyOrigin(
  settings: Pick<Settings<typeof tokenSettings>, 'tokenKeyFile' | 'kmsKeyId'>,
): KeyOrigin {
  const { tokenKeyFile, kmsKeyId } = settings;
  if (tokenKeyFile !== undefined && kmsKeyId === undefined) return { kind: 'file', path: tokenKeyFile };
  if (kmsKeyId !== undefined && tokenKeyFile === undefined) return { kind: 'kms', keyId: kmsKeyId };
  throw new SettingsError([
    `${tokenSettings.tokenKeyFile.env} or ${tokenSettings.kmsKeyId.env} must be set, and not both`,
  ]);
}
