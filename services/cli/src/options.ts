import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from './command.ts';

type Options = NonNullable<ParseArgsConfig['options']>;
type Parsed<O extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: O; allowPositionals: true }>
>;

/** Reads a command's options and what stands beside them; a wrong one throws a UsageError that names it. */
export function readOptions<const O extends Options>(
  words: readonly string[],
  options: O,
  mostPositionals = 0,
): Parsed<O> {
  const parsed = parse(words, options);
  const { positionals } = parsed;
  if (positionals.length > mostPositionals)
    throw new UsageError(`${positionals[mostPositionals]} is more than this command takes.`);
  return parsed;
}

function parse<O extends Options>(words: readonly string[], options: O): Parsed<O> {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** An account's twelve digits, if one is given. */
export function accountOf(text: string | undefined): string | undefined {
  if (text !== undefined && !/^[0-9]{12}$/.test(text))
    throw new UsageError(`--account must be 12 digits, got ${JSON.stringify(text)}.`);
  return text;
}

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A length of time: `90s`, `10m`, `48h`, `2d`; in milliseconds. */
export function durationMs(option: string, text: string): number {
  const [, count, unit = ''] = /^([0-9]{1,6})([smhd])$/.exec(text) ?? [];
  const ms = Number(count) * (unitMs[unit] ?? Number.NaN);
  if (Number.isNaN(ms))
    throw new UsageError(`${option} must be a time like 90s, 10m, 48h or 2d, got ${JSON.stringify(text)}.`);
  return ms;
}
