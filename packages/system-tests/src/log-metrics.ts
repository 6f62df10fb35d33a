import { sumOfSeries } from '@roomstream/testing/sum-of-series';
import type { Stage } from './stage.ts';

/** The guide's errors (LogDestinationErrors and its kin) by the names of our metrics. */
const names = {
  errors: 'roomstream_log_destination_errors_total',
  accessDenied: 'roomstream_log_destination_access_denied_errors_total',
  notFound: 'roomstream_log_destination_resource_not_found_errors_total',
} as const;

/** What all shippers have counted of a logging configuration. */
export type LogErrors = Readonly<Record<keyof typeof names, number>>;

/** Reads those of all logging configurations, from one page of each shipper: a page costs a shipper milliseconds. */
export async function readLogErrors(stage: Stage): Promise<(arn: string) => LogErrors> {
  const pages = await Promise.all(runningShippers(stage).map((shipper) => shipper.metrics()));
  const count = (name: string, arn: string) =>
    pages.reduce((sum, page) => sum + sumOfSeries(page, name, `"${arn}"`), 0);
  return (arn) => ({
    errors: count(names.errors, arn),
    accessDenied: count(names.accessDenied, arn),
    notFound: count(names.notFound, arn),
  });
}

/** A metric's sum over all shippers that run, and over the labels that contain a text. */
export async function shipperMetric(stage: Stage, name: string, labels = ''): Promise<number> {
  const values = await Promise.all(runningShippers(stage).map((shipper) => shipper.metric(name, labels)));
  return values.reduce((sum, value) => sum + value, 0);
}

const runningShippers = (stage: Stage) => stage.fleet.logShippers.filter((shipper) => shipper.isRunning());
