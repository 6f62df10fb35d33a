import { pino } from 'pino';

/** What a log shows of an error. */
export type LoggedError = {
  readonly type: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: unknown;
  /** Name of the Redis command that failed. */
  readonly command: unknown;
};

/**
 * The members of an error that may reach a log, and no others: the Redis client hangs the failed command with its
 * arguments on its errors, which are passwords (AUTH), tokens (SET) and messages (the publish script).
 */
export function loggedError(error: Error): LoggedError {
  // Message and stack come with those of the causes.
  const { type, message, stack } = pino.stdSerializers.err(error);
  const { code, command } = error as {
    readonly code?: unknown;
    readonly command?: { readonly name?: unknown };
  };
  return { type, message, stack, code, command: command?.name };
}
