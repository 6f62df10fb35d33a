import { S3Client } from '@aws-sdk/client-s3';
import type { Settings, SettingsTable } from '@roomstream/runtime/settings';
import { destinationSettings, s3Access } from '../destinations/settings.ts';
import { folderSource } from './folder-source.ts';
import type { LogSource } from './log-source.ts';
import type { ReplayDestination } from './replay-options.ts';
import { s3Source } from './s3-source.ts';

/** Settings by which a replay finds S3: those of the log shipper. */
export const replaySettings = {
  ...s3Access.table,
  s3ForcePathStyle: destinationSettings.s3ForcePathStyle,
} satisfies SettingsTable;

/** Opens what a replay reads; nothing is asked yet. `region` is the room's. Throws a SettingsError. */
export function openReplaySource(
  destination: ReplayDestination,
  region: string,
  settings: Settings<typeof replaySettings>,
): LogSource {
  if (destination.kind === 'folder') return folderSource(destination.folder);
  const { endpoint, credentials, region: s3Region } = s3Access.read(settings, region);
  const client = new S3Client({
    region: s3Region,
    forcePathStyle: settings.s3ForcePathStyle,
    ...(credentials === undefined ? {} : { credentials }),
    // Stores that don't know the SDK's newer checksums refuse to be asked for them.
    ...(endpoint === undefined ? {} : { endpoint, responseChecksumValidation: 'WHEN_REQUIRED' as const }),
  });
  return s3Source(client, destination.bucket);
}
