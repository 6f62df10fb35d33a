import { availableParallelism } from 'node:os';
import { SettingsError } from '@roomstream/runtime/settings';

/** More would be a slip: no machine of today has more cores. */
const mostProcesses = 1024;

/**
 * How many processes the command line asks for: `--processes <number>`, or `--processes cores` (or `auto`) for one per core; 1
 * without it. Throws a SettingsError.
 */
export function processCount(words: readonly string[], platform: NodeJS.Platform = process.platform): number {
  let text: string | undefined;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--processes') text = words[++at] ?? '';
    else if (word.startsWith('--processes=')) text = word.slice('--processes='.length);
    else throw new SettingsError([`${word} is unknown; the only option is --processes <number> or cores`]);
  }
  if (text === undefined) return 1;
  const count = text === 'cores' || text === 'auto' ? availableParallelism() : Number(text);
  if (!/^([0-9]+|cores|auto)$/.test(text) || count < 1 || count > mostProcesses) {
    throw new SettingsError([
      `--processes must be a number from 1 to ${mostProcesses}, or cores, got ${JSON.stringify(text)}`,
    ]);
  }
  if (count > 1 && platform !== 'linux') {
    throw new SettingsError([
      '--processes needs Linux, whose kernel spreads connections over the processes that share a port',
    ]);
  }
  return count;
}
