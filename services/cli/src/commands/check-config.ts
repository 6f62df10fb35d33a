import type { Environment, SettingsTable } from '@roomstream/runtime/settings';
import { type Command, type Status, UsageError } from '../command.ts';
import { readOptions } from '../options.ts';
import { services } from '../services.ts';

const usage = `Checks the settings of a service as its start would, all at once, and starts nothing.

  roomstream check-config <service> [--json]

  <service>  ${Object.keys(services).join(', ')}
  --json     the outcome as one JSON object: {"service","ok","faults","warnings"}

It reads the environment, and the files that settings name: certificates, credentials, quotas, handlers, token keys. Redis and AWS
aren't asked; \`roomstream doctor\` does that. Variables that no service knows are warnings.
Exit status: 0 no fault, 1 faults (stderr names all of them), 2 wrong command line.
`;

/** Checks a service's settings. */
export const checkConfig: Command = {
  usage,
  run: async (words, { environment, print, note }): Promise<Status> => {
    const { values, positionals } = readOptions(words, { json: { type: 'boolean' } }, 1);
    const [name = ''] = positionals;
    const service = Object.hasOwn(services, name) ? services[name] : undefined;
    if (service === undefined)
      throw new UsageError(name === '' ? 'Say which service.' : `There is no service ${name}.`);
    const faults = await service.faults(environment);
    const warnings = unknownVariables(environment);
    const ok = faults.length === 0;
    if (values.json === true) {
      await print(`${JSON.stringify({ service: name, ok, faults, warnings })}\n`);
    } else {
      for (const warning of warnings) note(`Warning: ${warning}`);
      if (ok) await print(`The settings of ${name} are right: ${countsText(service.table, environment)}.\n`);
      else note(`Wrong settings of ${name}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    }
    return ok ? 0 : 1;
  },
};

function countsText(table: SettingsTable, environment: Environment): string {
  const all = Object.values(table);
  const set = all.filter(({ env }) => (environment[env] ?? environment[`${env}_FILE`] ?? '') !== '');
  return `${set.length} of ${all.length} are set, the others have their defaults`;
}

/** Variables that look like settings and are none, of this service or another: most likely misspelt. */
function unknownVariables(environment: Environment): string[] {
  const known = new Set(
    Object.values(services).flatMap(({ table }) =>
      Object.values(table).flatMap(({ env, secret }) => (secret === true ? [env, `${env}_FILE`] : [env])),
    ),
  );
  return Object.keys(environment)
    .filter(
      (name) => name.startsWith('ROOMSTREAM_') && !name.startsWith('ROOMSTREAM_LOCAL_') && !known.has(name),
    )
    .map((name) => {
      const nearest = nearestOf(name, [...known]);
      return `${name} is no setting of any service${nearest === undefined ? '' : `; is ${nearest} meant?`}`;
    });
}

/** The name that differs in the fewest letters, if they are few. */
function nearestOf(name: string, known: readonly string[]): string | undefined {
  const [nearest] = known
    .map((candidate) => ({ candidate, distance: distanceOf(name, candidate) }))
    .sort((one, other) => one.distance - other.distance);
  return nearest !== undefined && nearest.distance <= 4 ? nearest.candidate : undefined;
}

/** Letters to insert, remove or replace to make one text of the other. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...one].entries()) {
    const next = [i + 1];
    for (const [j, another] of [...other].entries()) {
      const replaced = (row[j] ?? 0) + (letter === another ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
