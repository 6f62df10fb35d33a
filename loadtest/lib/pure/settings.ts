/** The scripts of `scenarios/`. */
export const scenarioNames = ['steady', 'fan-out', 'storm', 'reconnect', 'moderation', 'soak'] as const;

/** One of them. */
export type ScenarioName = (typeof scenarioNames)[number];

/** A setting: its meaning, and its default in each script that has it. */
type Setting<T> = {
  readonly about: string;
  readonly defaults: string | Partial<Readonly<Record<ScenarioName, string>>>;
  readonly read: (text: string) => T;
};

/** A setting that all scripts have, with one default. */
const everywhere = <T>(read: (text: string) => T, fallback: string, about: string): Setting<T> => ({
  about,
  defaults: fallback,
  read,
});

/** A setting with defaults in the order of `scenarioNames`; `-`: the script hasn't got it. */
function each<T>(read: (text: string) => T, fallbacks: string, about: string): Setting<T> {
  const texts = fallbacks.split(' ');
  const entries = scenarioNames.map((name, n) => [name, texts[n] ?? '-'] as const);
  return { about, defaults: Object.fromEntries(entries.filter(([, text]) => text !== '-')), read };
}

const text = (value: string): string => value;
const list = (value: string): readonly string[] => value.split(',').filter((part) => part !== '');

function count(value: string): number {
  if (!/^[0-9]+$/.test(value)) throw new Error(`must be a whole number, got ${JSON.stringify(value)}`);
  return Number(value);
}

function amount(value: string): number {
  if (!/^[0-9]+(\.[0-9]+)?$/.test(value)) throw new Error(`must be a number, got ${JSON.stringify(value)}`);
  return Number(value);
}

/** Every setting by its name in the environment. */
export const settingsTable = {
  ENDPOINT: everywhere(text, 'http://127.0.0.1:8080', 'URL of the control plane.'),
  GATEWAYS: everywhere(
    list,
    'ws://127.0.0.1:8081',
    'URLs of gateways, or of the balancer before them, separated by commas; connections go to them in turn.',
  ),
  REGION: everywhere(text, 'us-west-2', 'Region of the signatures.'),
  AWS_ACCESS_KEY_ID: everywhere(
    text,
    'test',
    'Access key that may create and delete rooms and create chat tokens.',
  ),
  AWS_SECRET_ACCESS_KEY: everywhere(text, 'test', 'Its secret.'),
  AWS_SESSION_TOKEN: everywhere(text, '', 'Its session token, where it is a temporary one.'),
  ROOM_ARNS: everywhere(
    list,
    '',
    'ARNs of rooms to use, separated by commas; when empty `ROOMS` are made, and deleted at the end.',
  ),
  TOKENS: everywhere(text, '', 'File of `npm run tokens` to take rooms and tokens from instead of the API.'),
  MESSAGE_CHARACTERS: everywhere(count, '120', 'Characters in a message, at most 500.'),
  LISTENERS_PER_VU: everywhere(count, '50', 'Viewers that one virtual user holds.'),
  SETTLE: everywhere(amount, '3', 'Seconds between the last message and the end of the connections.'),
  P99_MS: everywhere(
    amount,
    '500',
    'Threshold: 99 of 100 messages reach the probes within so many milliseconds.',
  ),
  ROOMS: each(count, '5 1 1 5 1 10', 'Rooms; viewers, chatters and probes spread evenly over them.'),
  VIEWERS: each(count, '200 500 - 200 200 500', 'Connections that listen.'),
  PROBES: each(
    count,
    '5 5 5 5 5 10',
    'Listeners that have a virtual user of their own: only they measure times.',
  ),
  RATE: each(
    amount,
    '2 10 2 2 10 2',
    'Messages a second in each room; a connection sends 5 a second at most.',
  ),
  RAMP: each(
    amount,
    '10 20 20 10 10 30',
    'Seconds in which the viewers come, or arrivals rise to their peak.',
  ),
  DURATION: each(amount, '60 60 30 60 60 1800', 'Seconds in which messages are sent, after the ramp.'),
  ARRIVALS: each(amount, '- - 100 - - -', 'Connections a second at the peak, each with a token of its own.'),
  STAY: each(
    amount,
    '- - 3 - - 30',
    'Seconds that a connection stays before it goes (storm), or is exchanged for a new one (soak).',
  ),
  LEAVING: each(
    amount,
    '- - - - - 0.25',
    'Share of the exchanges in which the viewer leaves first and comes a second later.',
  ),
  PATIENCE: each(amount, '- - - 30 - -', 'Seconds in which a viewer who lost his connection must be back.'),
  DELETES: each(
    amount,
    '- - - - 2 -',
    'Messages that moderators delete a second, half of them over the API.',
  ),
  DISCONNECTS: each(amount, '- - - - 1 -', 'Users who are disconnected a second, half of them over the API.'),
  ADMINS: each(
    list,
    '- - - - - ',
    'URLs of admin ports whose processes’ memory is measured, separated by commas.',
  ),
  MEMORY_MB_PER_HOUR: each(
    amount,
    '- - - - - 30',
    'Threshold: no process of `ADMINS` grows faster. It holds for a duration of 10 minutes or more.',
  ),
} satisfies Readonly<Record<string, Setting<unknown>>>;

type Table = typeof settingsTable;

/** The values of all settings; one that the script hasn't got has its kind's nothing: 0, '' or an empty list. */
export type LoadSettings = { readonly [Name in keyof Table]: ReturnType<Table[Name]['read']> };

/** The default of a setting in a script; undefined when it hasn't got it. */
export function defaultOf(name: keyof Table, scenario: ScenarioName): string | undefined {
  const { defaults }: Setting<unknown> = settingsTable[name];
  return typeof defaults === 'string' ? defaults : defaults[scenario];
}

/** Reads the settings of a script; throws one Error that names all faults. An empty variable is an unset one. */
export function readLoadSettings(
  scenario: ScenarioName,
  environment: Readonly<Record<string, string | undefined>>,
): LoadSettings {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(settingsTable) as (keyof Table)[]) {
    const fallback = defaultOf(name, scenario);
    const given = environment[name] ?? '';
    try {
      values[name] = settingsTable[name].read(
        fallback !== undefined && given !== '' ? given : (fallback ?? nothing(name)),
      );
    } catch (error) {
      faults.push(`${name} ${(error as Error).message}`);
    }
  }
  if (faults.length > 0) throw new Error(faults.join('; '));
  return values as LoadSettings;
}

function nothing(name: keyof Table): string {
  const { read }: Setting<unknown> = settingsTable[name];
  return read === count || read === amount ? '0' : '';
}

/** The settings as two markdown tables: those of all scripts, and those with defaults of their own. */
export function settingsMarkdown(): string {
  const names = Object.keys(settingsTable) as (keyof Table)[];
  const isCommon = (name: keyof Table) => typeof settingsTable[name].defaults === 'string';
  const common = names
    .filter(isCommon)
    .map((name) => [code(name), code(defaultOf(name, 'steady')), about(name)]);
  const own = names
    .filter((name) => !isCommon(name))
    .map((name) => [
      code(name),
      ...scenarioNames.map((scenario) => code(defaultOf(name, scenario))),
      about(name),
    ]);
  return [
    markdownTable(['variable', 'default', 'meaning'], common),
    markdownTable(['variable', ...scenarioNames, 'meaning'], own),
  ].join('\n\n');
}

const about = (name: keyof Table): string => settingsTable[name].about;

function code(value: string | undefined): string {
  if (value === undefined) return '-';
  return value === '' ? '' : `\`${value}\``;
}

/** Rows as a markdown table. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
