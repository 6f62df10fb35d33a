import { readSettings } from '@roomstream/runtime/settings';
import { KeyFileError, readKeyFile } from '@roomstream/token/key-file';
import { type Rotation, rotatedKeys, rotateKeyFile } from '@roomstream/token/rotate-keys';
import { keyOrigin, tokenSettings } from '@roomstream/token/token-settings';
import { type Command, Failure, type Status, UsageError } from '../command.ts';
import { durationMs, readOptions } from '../options.ts';

const usage = `Adds a new key to the token key file and removes those that no living token needs.

  roomstream keys rotate [--seals-in <time>] [--keep <time>] [--print]

  --seals-in  when the new key begins to seal: 10m by default. By then every gateway and control plane must have the new file
              (each looks every 2 s): one that hasn't refuses the tokens that others seal with the new key
  --keep      how long a key opens tokens after its successor began to seal: 48h by default, at least
              ROOMSTREAM_DATA_KEY_SECONDS and three hours more, the longest life of what it sealed
  --print     prints the new file, with its secrets, instead of replacing the old one: for a Kubernetes secret,
              which can't be replaced where it is mounted

The file is that of ROOMSTREAM_TOKEN_KEY_FILE. It is replaced as a whole; nothing is restarted, and no token is refused.
With ROOMSTREAM_KMS_KEY_ID there is nothing to rotate here: data keys are new every ROOMSTREAM_DATA_KEY_SECONDS, and KMS rotates
its key by itself (aws kms enable-key-rotation).
`;

const longestTokenMs = 3 * 3_600_000;

/** Rotates the token keys. */
export const keysRotate: Command = {
  usage,
  run: async (words, { environment, print, note }): Promise<Status> => {
    const { values } = readOptions(words, {
      'seals-in': { type: 'string', default: '10m' },
      keep: { type: 'string', default: '48h' },
      print: { type: 'boolean' },
    });
    const settings = readSettings(tokenSettings, environment);
    const origin = keyOrigin(settings);
    if (origin.kind === 'kms')
      throw new UsageError(
        'The keys are those of KMS (ROOMSTREAM_KMS_KEY_ID): there is nothing to rotate here.',
      );
    const keepMs = durationMs('--keep', values.keep);
    const leastMs = settings.dataKeySeconds * 1000 + longestTokenMs;
    if (keepMs < leastMs) throw new UsageError(`--keep must be at least ${Math.ceil(leastMs / 60_000)}m.`);
    const nowMs = Date.now();
    const sealsFromMs = nowMs + durationMs('--seals-in', values['seals-in']);
    const rotation: Rotation = { sealsFromMs, replacedBeforeMs: nowMs - keepMs };
    try {
      const { added, removed, keys, text } =
        values.print === true
          ? rotatedKeys(readKeyFile(origin.path).keys, rotation)
          : rotateKeyFile(origin.path, rotation);
      note(
        `New key ${added.id.toString('hex')}, which seals from ${new Date(sealsFromMs).toISOString()} on.`,
      );
      for (const { id } of removed) note(`Removed key ${id.toString('hex')}: its tokens have expired.`);
      if (values.print === true) {
        await print(text);
        note(`${origin.path} is as it was: put what is printed in its place, for all processes.`);
      } else
        note(
          `${origin.path} has ${keys.length} keys now. Copy it to every machine with a gateway or control plane.`,
        );
      return 0;
    } catch (error) {
      if (!(error instanceof KeyFileError)) throw error;
      throw new Failure(
        `${error.message[0]?.toUpperCase()}${error.message.slice(1)}. For a read-only file there is --print.`,
      );
    }
  },
};
