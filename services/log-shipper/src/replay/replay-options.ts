import { parseArgs } from 'node:util';
import { ReplayError } from './replay-error.ts';
import { readTime, timeForms } from './replay-time.ts';

/** How `npm run logs` is used. */
export const replayUsage = `Prints what a room received, from its logs in S3 or in a folder: in order, each message once.

  npm run -s logs -- replay --room <arn> --from <time> [--to <time>] [--destination <where>] [--format json|text]

  --room         ARN of the room; where npm start runs also a room's name (the newest one of it)
  --from, --to   span by event_timestamp, --from included, --to (now) excluded: ISO 8601 (2026-11-22T17:40:00Z, UTC
                 where it names no zone), a date (2026-11-22), now, or how long ago it was (-90s, -30m, -1h, -2d, -1w)
  --destination  s3://<bucket>, or a folder; where npm start runs, what the room's logging configuration says
  --format       json (default): the records as they are logged, one a line; text: time, sender and content

S3 is found by ROOMSTREAM_S3_ENDPOINT and the other ROOMSTREAM_S3_ settings, else by the AWS SDK's own rules.
Records are there some time after their message: the window of the log shipper, a minute unless it was set.

Exit status: 0 all is printed, also when there is nothing; 1 something could not be read (stderr says what), the rest
is printed; 2 wrong options.
`;

/** Where logs are, as the option names it. */
export type ReplayDestination =
  | { readonly kind: 's3'; readonly bucket: string }
  | { readonly kind: 'folder'; readonly folder: string };

/** What a replay was asked for. */
export type ReplayOptions = {
  /** ARN or name. */
  readonly room: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** undefined: where the room's logging configuration says. */
  readonly destination: ReplayDestination | undefined;
  readonly format: 'json' | 'text';
};

/** Reads what follows `npm run logs --`. Throws a ReplayError that names the option at fault. `help`: it is asked for. */
export function readReplayOptions(args: readonly string[], nowMs: number): ReplayOptions | 'help' {
  const { values, positionals } = parse(args);
  if (values.help === true) return 'help';
  if (positionals.join(' ') !== 'replay')
    throw refusal(
      positionals.length === 0 ? 'Say what to do: replay.' : `There is no ${positionals.join(' ')}.`,
    );
  const fromMs = timeOf('--from', values.from, nowMs);
  const toMs = timeOf('--to', values.to ?? 'now', nowMs);
  if (fromMs >= toMs) throw refusal('--from must be before --to.');
  return {
    room: given('--room', values.room),
    fromMs,
    toMs,
    destination: values.destination === undefined ? undefined : destinationOf(values.destination),
    format: formatOf(values.format ?? 'json'),
  };
}

const options = {
  room: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  destination: { type: 'string' },
  format: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: withJoinedTimes(args), options, allowPositionals: true });
  } catch (error) {
    throw refusal((error as Error).message);
  }
}

/** `--from -1h` would be two options to parseArgs, `--from=-1h` is one. */
function withJoinedTimes(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const last = joined.at(-1);
    if ((last === '--from' || last === '--to') && /^-[0-9]/.test(arg)) joined.splice(-1, 1, `${last}=${arg}`);
    else joined.push(arg);
  }
  return joined;
}

function given(option: string, value: string | undefined): string {
  if (value === undefined || value === '') throw refusal(`${option} is missing.`);
  return value;
}

function timeOf(option: string, value: string | undefined, nowMs: number): number {
  const text = given(option, value);
  const ms = readTime(text, nowMs);
  if (ms === undefined) throw refusal(`${option} must be ${timeForms}; got ${JSON.stringify(text)}.`);
  return ms;
}

function destinationOf(text: string): ReplayDestination {
  const scheme = /^([a-z0-9]+):\/\//i.exec(text)?.[1];
  if (text === '' || (scheme !== undefined && scheme !== 's3'))
    throw refusal(`--destination must be s3://<bucket> or a folder; got ${JSON.stringify(text)}.`);
  if (scheme === undefined) return { kind: 'folder', folder: text };
  const bucket = text.slice('s3://'.length).replace(/\/$/, '');
  if (!/^[a-zA-Z0-9][a-zA-Z0-9._-]+$/.test(bucket))
    throw refusal(`--destination must be s3://<bucket>, without a path; got ${JSON.stringify(text)}.`);
  return { kind: 's3', bucket };
}

function formatOf(text: string): 'json' | 'text' {
  if (text === 'json' || text === 'text') return text;
  throw refusal(`--format must be json or text; got ${JSON.stringify(text)}.`);
}

function refusal(message: string): ReplayError {
  return new ReplayError(2, `${message}\n\n${replayUsage}`);
}
