import { DecryptCommand, GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import type { Environment } from '@roomstream/runtime/settings';
import { readSettings, type Settings } from '@roomstream/runtime/settings';
import { checkTokenKeys } from '@roomstream/token/check-token-keys';
import { encryptionContext, kmsClientConfig } from '@roomstream/token/kms-keys';
import { keyOrigin, tokenSettings } from '@roomstream/token/token-settings';
import { explain } from './explain.ts';
import { type Finding, fault, ok } from './finding.ts';

const callMs = 5_000;

/** Tries the keys of tokens, when the environment names any: not every service has them. */
export async function examineTokenKeys(environment: Environment): Promise<Finding[]> {
  const settings = readSettings(tokenSettings, environment);
  if (settings.tokenKeyFile === undefined && settings.kmsKeyId === undefined) return [];
  const origin = keyOrigin(settings);
  if (origin.kind === 'kms') return examineKms(origin.keyId, settings);
  const about = `Token key file ${origin.path}`;
  try {
    checkTokenKeys(settings);
    return [ok(about, 'usable')];
  } catch (error) {
    return [fault(about, (error as Error).message, 'without it chat tokens are neither sealed nor opened')];
  }
}

async function examineKms(keyId: string, settings: Settings<typeof tokenSettings>): Promise<Finding[]> {
  const about = `KMS key ${keyId}`;
  const client = new KMSClient(kmsClientConfig(keyId, settings));
  const pinned = { KeyId: keyId, EncryptionContext: encryptionContext(settings.kmsDeployment) };
  let right = 'kms:GenerateDataKey';
  try {
    const options = { abortSignal: AbortSignal.timeout(callMs) };
    const made = await client.send(new GenerateDataKeyCommand({ ...pinned, KeySpec: 'AES_256' }), options);
    right = 'kms:Decrypt';
    await client.send(new DecryptCommand({ ...pinned, CiphertextBlob: made.CiphertextBlob }), options);
    return [ok(about, 'it makes data keys and opens them')];
  } catch (error) {
    const { says, remedy } = explain(error, right);
    return [fault(about, `${right} fails: ${says}`, remedy)];
  } finally {
    client.destroy();
  }
}
