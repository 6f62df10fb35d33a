import type { Stage } from './stage.ts';

/** The guide's errors (LogDestinationErrors and its kin) by the names of our metrics. */
const names = {
  errors: 'roomstream_log_destination_errors_total',
  accessDenied: 'roomstream_log_destination_access_denied_errors_total',
  notFound: 'roomstream_log_destination_resource_not_found_errors_total',
} as const;

/** What all shippers have counted of a logging configuration. */
export type LogErrors = Readonly<Record<keyof typeof names, number>>;

/** Reads them. */
export async function logErrorsOf(stage: Stage, arn: string): Promise<LogErrors> {
  const [errors, accessDenied, notFound] = await Promise.all([
    shipperMetric(stage, names.errors, `"${arn}"`),
    shipperMetric(stage, names.accessDenied, `"${arn}"`),
    shipperMetric(stage, names.notFound, `"${arn}"`),
  ]);
  return { errors, accessDenied, notFound };
}

/** A metric's sum over all shippers that run, and over the labels that contain a text. */
export async function shipperMetric(stage: Stage, name: string, labels = ''): Promise<number> {
  const running = stage.fleet.logShippers.filter((shipper) => shipper.isRunning());
  const values = await Promise.all(running.map((shipper) => shipper.metric(name, labels)));
  return values.reduce((sum, value) => sum + value, 0);
}
