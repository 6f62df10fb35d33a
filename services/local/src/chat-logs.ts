import type { controlPlaneSettings } from '@roomstream/control-plane/settings';
import { formatArn } from '@roomstream/protocol/arn';
import type { Surroundings } from '@roomstream/runtime/service';
import type { Settings } from '@roomstream/runtime/settings';
import { openQuotas } from '@roomstream/store/quotas';
import { recordsAccess } from '@roomstream/store/records-settings';
import { openStore } from '@roomstream/store/store';

/** Bucket of the logging configuration that `npm start` makes, and its name. */
export const chatLogsBucket = 'chat-logs';

/** Always the same, so that what is pasted works after any start. */
const id = 'chatLogs0000';

/**
 * Makes the logging configuration of a local run if it isn't there, and returns its ARN. It is written to the store:
 * the API would give it another id.
 */
export async function ensureChatLogs(
  settings: Settings<typeof controlPlaneSettings>,
  account: string,
  { log, registry }: Surroundings,
): Promise<string> {
  const quotas = await openQuotas(settings, log);
  const store = await openStore({ access: recordsAccess(settings), quotas, log, registry });
  try {
    const { loggingConfigurations } = store;
    if ((await loggingConfigurations.get(account, id)) === undefined) {
      const destination = { s3: { bucketName: chatLogsBucket } };
      const draft = { account, id, name: chatLogsBucket, destination, state: 'ACTIVE', tags: {} } as const;
      await loggingConfigurations.create(draft, Number.POSITIVE_INFINITY);
    }
  } finally {
    await store.close();
    quotas.close();
  }
  return formatArn({ region: settings.region, account, kind: 'logging-configuration', id });
}
