import { checkShardCount } from '@roomstream/bus/shard-count';
import { readShardStates, type ShardState } from '@roomstream/bus/shard-states';
import { ageText, bytesText, columns, jsonLines } from '../columns.ts';
import { type Command, Failure, type Status } from '../command.ts';
import { readOptions } from '../options.ts';
import { readDeployment, withStreams } from '../redis-access.ts';

const usage = `Shows the streams of each shard: how long and how large they are, how far trimming is, and what waits.

  roomstream streams [--all] [--json]

  --all   shards in which there is nothing, too
  --json  one JSON object a shard and line; times in milliseconds, sizes in bytes

  ENTRIES  in the room stream: what gateways may have to catch up with
  MEMORY   of the room stream in Redis
  OLDEST   age of its first entry: not much more than ROOMSTREAM_STREAM_RETENTION_SECONDS (300 s) while control planes trim
  REVIEW   messages that wait for a verdict; WAITING: the oldest for how long; DEAD: set aside because nobody could read them
  LOGS     records that wait for log shippers; WAITING: the oldest for how long; SHIPPER: who ships the shard
`;

/** Shows the streams. */
export const streams: Command = {
  usage,
  run: async (words, surface): Promise<Status> => {
    const { values } = readOptions(words, { all: { type: 'boolean' }, json: { type: 'boolean' } });
    const deployment = readDeployment(surface);
    const states = await withStreams(deployment, async (client) => {
      if ((await client.exists('{roomstream}:shards')) === 0)
        throw new Failure('No process has used this Redis for streams yet.');
      await checkShardCount(client, deployment.shards).catch((error: Error) => {
        throw new Failure(`${error.message}.`);
      });
      return readShardStates(client, deployment.shards);
    });
    const shown = values.all === true ? states : states.filter(isInUse);
    if (values.json === true) await surface.print(jsonLines(shown));
    else {
      await surface.print(asTable(shown));
      if (shown.length < states.length)
        surface.note(`${states.length - shown.length} of ${states.length} shards have nothing in them.`);
    }
    return 0;
  },
};

function isInUse(state: ShardState): boolean {
  return state.room.entries + state.review.waiting + state.review.dead + state.logs.waiting > 0;
}

function asTable(states: readonly ShardState[]): string {
  const rows = states.map(({ shard, tag, room, review, logs }) => [
    `${shard}`,
    tag,
    `${room.entries}`,
    bytesText(room.bytes),
    ageText(room.oldestMs),
    `${review.waiting}`,
    ageText(review.oldestMs),
    `${review.dead}`,
    `${logs.waiting}`,
    ageText(logs.oldestMs),
    logs.shipper ?? '-',
  ]);
  const head = [
    'SHARD',
    'TAG',
    'ENTRIES',
    'MEMORY',
    'OLDEST',
    'REVIEW',
    'WAITING',
    'DEAD',
    'LOGS',
    'WAITING',
    'SHIPPER',
  ];
  return columns(head, rows);
}
