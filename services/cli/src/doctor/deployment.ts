import { checkShardCount } from '@roomstream/bus/shard-count';
import type { RedisClient } from '@roomstream/runtime/redis';
import { schemaVersionKey } from '@roomstream/store/keys';
import { recordsAccess } from '@roomstream/store/records-settings';
import { schemaVersion } from '@roomstream/store/schema';
import type { Deployment } from '../redis-access.ts';
import { type Finding, fault, ok } from './finding.ts';
import type { RedisPatient } from './redis.ts';

/** The Redises of a deployment: one, or that of records apart. */
export function redisesOf(deployment: Deployment): readonly RedisPatient[] {
  const streams = {
    about: 'Redis of streams',
    setting: 'REDIS_URL',
    access: deployment,
    scratch: '{roomstream}:',
    further: (client: RedisClient) => examineShards(client, deployment.shards),
  };
  const records = {
    about: 'Redis of records',
    setting: 'ROOMSTREAM_RECORDS_REDIS_URL',
    access: recordsAccess(deployment),
    scratch: 'store:{doctor}:',
    further: examineSchema,
  };
  if (deployment.recordsRedisUrl !== undefined) return [streams, records];
  return [
    {
      ...streams,
      about: 'Redis',
      further: async (client) => [...(await streams.further(client)), ...(await examineSchema(client))],
    },
  ];
}

async function examineShards(client: RedisClient, shards: number): Promise<Finding[]> {
  const about = 'Shards';
  // A look alone: the doctor mustn't be the one who fixes their number.
  if ((await client.exists('{roomstream}:shards')) === 0)
    return [ok(about, `none yet; the first start makes ${shards}`)];
  try {
    await checkShardCount(client, shards);
    return [ok(about, `${shards}, as Redis has it`)];
  } catch (error) {
    return [
      fault(about, (error as Error).message, 'ROOMSTREAM_SHARDS can’t be changed after the first start'),
    ];
  }
}

async function examineSchema(client: RedisClient): Promise<Finding[]> {
  const about = 'Records';
  const version = Number((await client.get(schemaVersionKey)) ?? 0);
  if (version > schemaVersion)
    return [
      fault(
        about,
        `they have version ${version}, and this program knows ${schemaVersion}`,
        'run the version of Roomstream that wrote them, or a later one',
      ),
    ];
  if (version < schemaVersion)
    return [ok(about, `version ${version}; the next start brings them to ${schemaVersion}`)];
  return [ok(about, `version ${version}`)];
}
