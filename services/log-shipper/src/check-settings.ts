import { cloudWatchLogsAccess } from '@roomstream/cloudwatch/cloudwatch-settings';
import { faultsOf } from '@roomstream/runtime/faults';
import type { Settings } from '@roomstream/runtime/settings';
import { firehoseAccess, s3Access } from './destinations/settings.ts';
import { checkBuffer, type logShipperSettings } from './settings.ts';

type AllSettings = Settings<typeof logShipperSettings>;

/** What is wrong with settings that are each right: a start would fail of it. */
export function checkSettings(settings: AllSettings): Promise<string[]> {
  return faultsOf(
    () => checkBuffer(settings),
    () => s3Access.read(settings, settings.region),
    () => cloudWatchLogsAccess.read(settings, settings.region),
    () => firehoseAccess.read(settings, settings.region),
  );
}
