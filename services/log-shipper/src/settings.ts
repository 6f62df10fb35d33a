import { busSettings } from '@roomstream/bus/bus-settings';
import { reportSettings } from '@roomstream/cloudwatch/cloudwatch-settings';
import { region } from '@roomstream/runtime/region';
import { integer } from '@roomstream/runtime/setting-kinds';
import { type Settings, SettingsError, type SettingsTable } from '@roomstream/runtime/settings';
import { recordsSettings } from '@roomstream/store/records-settings';
import { BufferBudget } from './buffer-budget.ts';
import { destinationSettings } from './destinations/settings.ts';

/** Settings of the shipping, whatever the destinations are. */
const shippingSettings = {
  windowSeconds: integer(
    {
      env: 'ROOMSTREAM_LOG_WINDOW_SECONDS',
      fallback: '60',
      about:
        'Length of the windows in which records are gathered for S3 and folders: one object per room and window, or more when it is large. The same in every shipper.',
    },
    1,
    300,
  ),
  bufferBytes: integer(
    {
      env: 'ROOMSTREAM_LOG_BUFFER_BYTES',
      fallback: `${64 * 1024 * 1024}`,
      about: 'Bytes of records that a shipper has in memory at most; what is beyond waits in Redis.',
    },
    1024 * 1024,
    1024 ** 4,
  ),
  bufferRecords: integer(
    {
      env: 'ROOMSTREAM_LOG_BUFFER_RECORDS',
      fallback: '100000',
      about: 'Records that a shipper has in memory at most.',
    },
    2,
    1_000_000_000,
  ),
  batchBytes: integer(
    {
      env: 'ROOMSTREAM_LOG_BATCH_BYTES',
      fallback: `${8 * 1024 * 1024}`,
      about:
        'Bytes of a batch at most: the records that are delivered together, of all rooms of a shard. At most half of the buffer. The same in every shipper.',
    },
    64 * 1024,
    1024 ** 4,
  ),
  batchRecords: integer(
    {
      env: 'ROOMSTREAM_LOG_BATCH_RECORDS',
      fallback: '10000',
      about:
        'Records of a batch at most; as many don’t wait for the end of their window. At most half of the buffer. The same in every shipper.',
    },
    1,
    1_000_000_000,
  ),
  concurrency: integer(
    {
      env: 'ROOMSTREAM_LOG_CONCURRENCY',
      fallback: '8',
      about: 'Batches of one logging configuration that a shipper delivers at once at most.',
    },
    1,
    1_000,
  ),
  deliveries: integer(
    {
      env: 'ROOMSTREAM_LOG_DELIVERIES',
      fallback: '128',
      about:
        'Batches of all logging configurations that a shipper delivers at once at most. A configuration gets no more than leaves as many free.',
    },
    2,
    100_000,
  ),
  deliverySeconds: integer(
    {
      env: 'ROOMSTREAM_LOG_DELIVERY_SECONDS',
      fallback: '30',
      about:
        'Longest delivery of a batch to S3 or a folder; what isn’t delivered by then is tried again after a pause.',
    },
    1,
    600,
  ),
  liveDeliverySeconds: integer(
    {
      env: 'ROOMSTREAM_LOG_LIVE_DELIVERY_SECONDS',
      fallback: '10',
      about: 'Longest delivery of a batch to CloudWatch Logs or Firehose.',
    },
    1,
    600,
  ),
  leaseMs: integer(
    {
      env: 'ROOMSTREAM_LOG_LEASE_MS',
      fallback: '5000',
      about:
        'A shipper that Redis hasn’t heard of for this long loses its shards to the others. The same in every shipper.',
    },
    1_000,
    600_000,
  ),
  metricConfigurations: integer(
    {
      env: 'ROOMSTREAM_LOG_METRIC_CONFIGURATIONS',
      fallback: '200',
      about:
        'Logging configurations that have metrics of their own (label `logging_configuration`) at most; the others share `other`.',
    },
    0,
    100_000,
  ),
} satisfies SettingsTable;

/** All settings of the log shipper. */
export const logShipperSettings = {
  region,
  ...shippingSettings,
  ...destinationSettings,
  ...busSettings,
  ...recordsSettings,
  ...reportSettings,
} satisfies SettingsTable;

/** Throws a SettingsError when a batch can be larger than what the buffer ever has room for. */
export function checkBuffer(settings: Settings<typeof shippingSettings>): void {
  const { bufferBytes, bufferRecords } = settings;
  const largest = BufferBudget.largestClaim({ records: bufferRecords, bytes: bufferBytes });
  const faults = [
    ...faultOf(settings, 'batchBytes', 'bufferBytes', largest.bytes),
    ...faultOf(settings, 'batchRecords', 'bufferRecords', largest.records),
  ];
  if (faults.length > 0) throw new SettingsError(faults);
}

type Sizes = 'batchBytes' | 'batchRecords' | 'bufferBytes' | 'bufferRecords';

function faultOf(
  settings: Readonly<Record<Sizes, number>>,
  batch: Sizes,
  buffer: Sizes,
  most: number,
): string[] {
  if (settings[batch] <= most) return [];
  const [{ env: batchName }, { env: bufferName }] = [shippingSettings[batch], shippingSettings[buffer]];
  return [`${batchName} ${settings[batch]} is more than half of ${bufferName} ${settings[buffer]}`];
}
