import { readFileSync } from 'node:fs';
import { logShipperSettings } from '@roomstream/log-shipper/settings';
import { noHandlers, parseHandlerTable } from '@roomstream/review-worker/handler-table';
import { reviewWorkerSettings } from '@roomstream/review-worker/settings';
import { readSettings } from '@roomstream/runtime/settings';
import { loggingConfigurationTraits } from '@roomstream/store/logging-configurations';
import type { Destination } from '@roomstream/store/records';
import type { RecordsConnection } from '@roomstream/store/records-connection';
import { roomTraits } from '@roomstream/store/rooms';
import { scanRecords } from '@roomstream/store/scan-records';
import { jsonLines } from '../columns.ts';
import type { Command, Status, Surface } from '../command.ts';
import { redisesOf } from '../doctor/deployment.ts';
import type { Finding } from '../doctor/finding.ts';
import { examineHandler } from '../doctor/handlers.ts';
import { examineDestination } from '../doctor/log-destinations.ts';
import { examineRedis } from '../doctor/redis.ts';
import { examineTokenKeys } from '../doctor/token-keys.ts';
import { readOptions } from '../options.ts';
import { readDeployment, withRecords } from '../redis-access.ts';

const usage = `Tries everything that the services need, and says in plain words what is wrong and what to do.

  roomstream doctor [--json]

  --json  one JSON object a finding and line: {"about","verdict","says","remedy"}

Redis: connection, version, appendonly, maxmemory-policy, memory, rights, clock, number of shards, version of the records.
Token keys: the key file, or KMS (GenerateDataKey and Decrypt).
Of what rooms have: each message review handler (Lambda by a dry run, a webhook by a connection), each log destination (S3 by an
upload that is broken off, CloudWatch Logs, Firehose, folders). Nothing is left behind, and nothing is sent to users or handlers.
Run it where a service runs, with its environment: rights and networks differ.
Exit status: 0 no fault (there may be warnings), 1 faults, 2 wrong command line or settings.
`;

/** Examines a deployment. */
export const doctor: Command = {
  usage,
  run: async (words, surface): Promise<Status> => {
    const { values } = readOptions(words, { json: { type: 'boolean' } });
    let faults = 0;
    for await (const finding of examine(surface)) {
      if (finding.verdict === 'fault') faults++;
      await surface.print(values.json === true ? jsonLines([finding]) : asText(finding));
    }
    surface.note(faults === 0 ? 'No fault was found.' : `${faults} ${faults === 1 ? 'fault' : 'faults'}.`);
    return faults === 0 ? 0 : 1;
  },
};

const marks = { ok: 'ok     ', warning: 'WARNING', fault: 'FAULT  ' } as const;

function asText({ about, verdict, says, remedy }: Finding): string {
  return `${marks[verdict]} ${about}: ${says}.\n${remedy === undefined ? '' : `        To do: ${remedy}.\n`}`;
}

async function* examine(surface: Surface): AsyncGenerator<Finding> {
  const deployment = readDeployment(surface);
  const { environment } = surface;
  const shipper = readSettings(logShipperSettings, environment);
  const worker = readSettings(reviewWorkerSettings, environment);
  const table =
    worker.handlersFile === undefined
      ? noHandlers
      : parseHandlerTable(readFileSync(worker.handlersFile, 'utf8'));
  let isUsable = true;
  for (const patient of redisesOf(deployment)) {
    const { findings, answers } = await examineRedis(patient);
    isUsable &&= answers;
    yield* findings;
  }
  yield* await examineTokenKeys(environment);
  // What rooms have can be looked up only in records that can be read.
  if (!isUsable) return;
  const { handlers, destinations } = await withRecords(deployment, usedBy);
  for (const uri of handlers) yield await examineHandler(uri, table.find(uri), worker);
  for (const destination of destinations) yield await examineDestination(destination, shipper);
}

/** The handlers and destinations that any room or logging configuration has, each once. */
async function usedBy(
  records: RecordsConnection,
): Promise<{ readonly handlers: readonly string[]; readonly destinations: readonly Destination[] }> {
  const handlers = new Set<string>();
  const destinations = new Map<string, Destination>();
  for await (const { record } of scanRecords(records, roomTraits)) {
    if (record.messageReviewHandler !== undefined) handlers.add(record.messageReviewHandler.uri);
  }
  for await (const { record } of scanRecords(records, loggingConfigurationTraits)) {
    destinations.set(JSON.stringify(record.destination), record.destination);
  }
  return { handlers: [...handlers].sort(), destinations: [...destinations.values()] };
}
