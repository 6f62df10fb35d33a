import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import { loggedError } from './log-error.ts';
import { oneOf } from './setting-kinds.ts';
import type { Setting } from './settings.ts';

/**
 * A structured log. Levels: `error` may require effort from an operator; `warn` is a fault that the process lives with;
 * `info` is a change of state; `debug` is what clients do wrong. Nothing per message above `trace`.
 */
export type Log = Logger;

/** Level of the log, in every service's settings. */
export const logLevel: Setting<string> = oneOf(
  { env: 'ROOMSTREAM_LOG_LEVEL', fallback: 'info', about: 'Least level that is logged.' },
  ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
);

/** Members that never reach a log, at the top and one level down. */
const redacted = [
  'token',
  'content',
  'Content',
  'attributes',
  'Attributes',
  'secretAccessKey',
  'sessionToken',
  'authorization',
];

/** Opens the log of a service: JSON lines on stdout, or readable lines when stdout is a terminal. */
export function openLog(service: string, level: string): Log {
  const options = {
    level,
    base: { service },
    serializers: { err: loggedError },
    redact: { paths: redacted.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
  };
  return process.stdout.isTTY
    ? pino(options, pretty({ ignore: 'pid,hostname', singleLine: true, sync: true }))
    : pino(options);
}
