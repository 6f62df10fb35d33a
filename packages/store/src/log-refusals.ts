import { formatArn } from '@roomstream/protocol/arn';
import { boundedLabels } from '@roomstream/runtime/bounded-labels';
import type { Log } from '@roomstream/runtime/log';
import { openMeters } from '@roomstream/runtime/meters';
import type { Registry } from '@roomstream/runtime/metrics';

/** Tells operators of messages and events that were refused because a log of their room was full. */
export type LogRefusals = {
  /** One was refused; `configuration` is the full log's id. Cheap: a flood calls it for every message. */
  add(account: string, configuration: string): void;
};

/** What log refusals are opened with. */
export type LogRefusalsOptions = {
  readonly registry: Registry;
  readonly log: Log;
  readonly region: string;
  /** A monotonic clock, in milliseconds. */
  readonly nowMs?: () => number;
};

/** Configurations that have a label, and a moment of their last log line, of their own. */
const mostConfigurations = 1_000;

/** As long as a configuration refuses, one line of log says so this often. */
const logEveryMs = 60_000;

/** Registers the counter. Labels and log lines name the configuration by its ARN; at most 1,000 have a label of their own. */
export function openLogRefusals(options: LogRefusalsOptions): LogRefusals {
  const { registry, log, region, nowMs = () => performance.now() } = options;
  const label = boundedLabels(mostConfigurations);
  const refused = openMeters(registry).counter(
    'roomstream_log_full_refusals_total',
    'Messages and events refused with 429 because a log of their room was full (whenFull "block").',
    'logging_configuration',
  );
  const loggedAtMs = new Map<string, number>();

  const isToBeLogged = (arn: string): boolean => {
    const now = nowMs();
    if (now - (loggedAtMs.get(arn) ?? Number.NEGATIVE_INFINITY) < logEveryMs) return false;
    // Set anew it is the youngest: the first one is always the oldest.
    loggedAtMs.delete(arn);
    loggedAtMs.set(arn, now);
    const [oldest] = loggedAtMs.keys();
    if (loggedAtMs.size > mostConfigurations && oldest !== undefined) loggedAtMs.delete(oldest);
    return true;
  };

  return {
    add: (account, id) => {
      const arn = formatArn({ region, account, kind: 'logging-configuration', id });
      refused.inc({ logging_configuration: label(arn) });
      if (!isToBeLogged(arn)) return;
      log.warn({ loggingConfiguration: arn }, 'a log is full: messages to its rooms are refused');
    },
  };
}
