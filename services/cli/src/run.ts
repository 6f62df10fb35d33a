import { SettingsError } from '@roomstream/runtime/settings';
import { Failure, type Listed, type Status, type Surface, UsageError } from './command.ts';

/** Runs what the words of a command line ask for; never rejects but for a fault of the program. */
export async function run(
  commands: readonly Listed[],
  words: readonly string[],
  surface: Surface,
): Promise<Status> {
  const [first] = words;
  if (first === undefined) {
    surface.note(overview(commands));
    return 2;
  }
  const isHelp = words.includes('--help') || words.includes('-h');
  const listed = find(commands, words);
  if (listed === undefined) {
    if (first === 'help' || (isHelp && first.startsWith('-'))) {
      await surface.print(overview(commands));
      return 0;
    }
    surface.note(`There is no command ${words.slice(0, 2).join(' ')}.\n\n${overview(commands)}`);
    return 2;
  }
  const command = await listed.load();
  if (isHelp) {
    await surface.print(command.usage);
    return 0;
  }
  try {
    return await command.run(words.slice(listed.name.split(' ').length), surface);
  } catch (error) {
    if (error instanceof UsageError) {
      surface.note(`${error.message}\n\n${command.usage.trimEnd()}`);
      return 2;
    }
    if (!(error instanceof SettingsError) && !(error instanceof Failure)) throw error;
    surface.note(error.message);
    return error instanceof SettingsError ? 2 : 1;
  }
}

/** The longest name counts: `keys rotate` before `keys`. */
function find(commands: readonly Listed[], words: readonly string[]): Listed | undefined {
  return commands.find(({ name }) => name.split(' ').every((word, at) => words[at] === word));
}

function overview(commands: readonly Listed[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const rows = commands.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}`);
  return `The operator's tools of Roomstream.

  roomstream <command> [options]

${rows.join('\n')}

Settings come from the environment, as those of the services. \`roomstream <command> --help\` tells more.
Data go to stdout, everything else to stderr. Exit status: 0 all well, 1 something is wrong, 2 wrong command line or settings.
`;
}
