import { cloudWatchLogsAccess } from '@roomstream/cloudwatch/cloudwatch-settings';
import type { Settings } from '@roomstream/runtime/settings';
import type { LoggingConfiguration } from '@roomstream/store/records';
import type { LogDestination } from '../log-destination.ts';
import { openCloudWatchLogs } from './cloudwatch-logs.ts';
import { openFirehose } from './firehose.ts';
import { folderDestination } from './folder.ts';
import { folderOf } from './folder-of.ts';
import { openS3 } from './s3.ts';
import { type destinationSettings, firehoseAccess, s3Access } from './settings.ts';

/** All destinations that records can go to. */
export type Destinations = {
  /** Where a configuration's records go. Cheap: what is costly is shared by all configurations. */
  of(configuration: LoggingConfiguration): LogDestination;
  /** Drops the connections. */
  close(): void;
};

/** Opens the destinations; `region` is that of keys, and of services that have none of their own. Throws a SettingsError. */
export function openDestinations(
  settings: Settings<typeof destinationSettings>,
  region: string,
): Destinations {
  const atOnce = settings.logRequests;
  const s3 = openS3({
    access: s3Access.read(settings, region),
    forcePathStyle: settings.s3ForcePathStyle,
    kmsKeyId: settings.s3KmsKeyId,
    region,
    atOnce,
  });
  const cloudWatchLogs = openCloudWatchLogs({ access: cloudWatchLogsAccess.read(settings, region), atOnce });
  const firehose = openFirehose(firehoseAccess.read(settings, region));
  return {
    of: ({ id, destination }) => {
      if ('cloudWatchLogs' in destination) return cloudWatchLogs.of(destination.cloudWatchLogs.logGroupName);
      if ('firehose' in destination) return firehose.of(destination.firehose.deliveryStreamName);
      const { bucketName } = destination.s3;
      const folder = folderOf(settings.logFolders, bucketName);
      if (folder === undefined) return s3.of(bucketName, id);
      return folderDestination({ ...folder, region, atOnce }, id);
    },
    close: () => {
      s3.close();
      cloudWatchLogs.close();
      firehose.close();
    },
  };
}
