import { awsAccess } from '@roomstream/runtime/aws-access';
import { flag, integer, text } from '@roomstream/runtime/setting-kinds';
import type { SettingsTable } from '@roomstream/runtime/settings';

/** How CloudWatch Logs is reached: by log shippers, and by control planes that export metrics. */
export const cloudWatchLogsAccess = awsAccess({
  prefix: 'cloudWatchLogs',
  area: 'CLOUDWATCH_LOGS',
  name: 'CloudWatch Logs',
  sdkEndpoint: 'AWS_ENDPOINT_URL_CLOUDWATCH_LOGS',
  rights:
    'logs:PutLogEvents and logs:CreateLogStream on the log groups, and for the export of metrics logs:GetLogEvents',
});

/** Settings of every service that counts what CloudWatch gets. */
export const reportSettings = {
  cloudWatchMetrics: flag({
    env: 'ROOMSTREAM_CLOUDWATCH_METRICS',
    fallback: 'false',
    about:
      '`true`: the metrics of IVS Chat go to CloudWatch, summed over all processes. The same in every process.',
  }),
  cloudWatchPeriodSeconds: integer(
    {
      env: 'ROOMSTREAM_CLOUDWATCH_PERIOD_SECONDS',
      fallback: '60',
      about: 'Seconds that are summed; IVS Chat’s are minutes. The same in every process.',
    },
    1,
    3600,
  ),
} satisfies SettingsTable;

/** Settings of the control plane, which sends them. */
export const exportSettings = {
  ...reportSettings,
  cloudWatchNamespace: text({
    env: 'ROOMSTREAM_CLOUDWATCH_NAMESPACE',
    fallback: 'AWS/IVSChat',
    about:
      'Namespace of the exported metrics. AWS keeps those that begin with `AWS/` to itself: in AWS take another one, such as `Roomstream/IVSChat`.',
  }),
  cloudWatchUsageNamespace: text({
    env: 'ROOMSTREAM_CLOUDWATCH_USAGE_NAMESPACE',
    fallback: 'AWS/Usage',
    about: 'Namespace of the exported usage metric ResourceCount; the same holds for it.',
  }),
  cloudWatchLogGroup: text({
    env: 'ROOMSTREAM_CLOUDWATCH_LOG_GROUP',
    fallback: 'roomstream-metrics',
    about: 'Log group through which metrics are exported, in the embedded metric format; it must exist.',
  }),
  ...cloudWatchLogsAccess.table,
} satisfies SettingsTable;
