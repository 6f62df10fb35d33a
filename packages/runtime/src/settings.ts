import { readFileSync } from 'node:fs';

/** One setting: an environment variable, what it means and how its text is read. */
export type Setting<T> = {
  /** Name of the environment variable: `ROOMSTREAM_<AREA>_<NAME>`, or the name everybody knows (`REDIS_URL`). */
  readonly env: string;
  /** What it does, with its unit; shown in the README. */
  readonly about: string;
  /** The text that counts when the variable is unset or empty. Without it the setting must be given. */
  readonly fallback?: string;
  /** Secrets may also come from the file that `<NAME>_FILE` names, and are never printed. */
  readonly secret?: boolean;
  /** Reads the text; throws an Error whose message says what is expected. */
  readonly read: (text: string) => T;
};

/** The settings of a service: one table, declared beside it. */
export type SettingsTable = Readonly<Record<string, Setting<unknown>>>;

/** What a table reads to. */
export type Settings<T extends SettingsTable> = {
  readonly [K in keyof T]: T[K] extends Setting<infer V> ? V : never;
};

/** Names and texts that settings are read from. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Wrong settings: one message that names all of them. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`Wrong settings:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

/** Reads a whole table, frozen. Throws a SettingsError that names every fault at once. */
export function readSettings<T extends SettingsTable>(
  table: T,
  environment: Environment = process.env,
): Settings<T> {
  const faults: string[] = [];
  const settings: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(table)) {
    try {
      const text = readText(setting, environment) ?? setting.fallback;
      if (text === undefined) throw new Error(`is not set: ${setting.about}`);
      settings[name] = setting.read(text);
    } catch (error) {
      faults.push(`${setting.env} ${(error as Error).message}`);
    }
  }
  if (faults.length > 0) throw new SettingsError(faults);
  return Object.freeze(settings) as Settings<T>;
}

function readText(setting: Setting<unknown>, environment: Environment): string | undefined {
  const text = environment[setting.env];
  if (text !== undefined && text !== '') return text;
  const file = setting.secret === true ? environment[`${setting.env}_FILE`] : undefined;
  return file === undefined || file === '' ? undefined : readFileSync(file, 'utf8').trim();
}

/** The table as markdown: what the README shows, and a test compares. */
export function settingsMarkdown(table: SettingsTable): string {
  const rows = Object.values(table).map((setting) => {
    const name =
      setting.secret === true ? `\`${setting.env}\` (or \`${setting.env}_FILE\`)` : `\`${setting.env}\``;
    const fallback =
      setting.fallback === undefined ? 'required' : setting.fallback === '' ? '' : `\`${setting.fallback}\``;
    return `| ${name} | ${fallback} | ${setting.about} |`;
  });
  return ['| variable | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}
