import type { Log } from '@roomstream/runtime/log';

/** What is written about one API call; never tokens, attributes or contents. */
export type AuditLine = {
  readonly requestId: string;
  /** Undefined when no operation has the request's method and path. */
  readonly operation: string | undefined;
  /** Undefined when the caller isn't known: nobody's claim about itself is written as a fact. */
  readonly account: string | undefined;
  readonly user: string | undefined;
  readonly accessKeyId: string | undefined;
  /** The ARN that the call acts on, when it names one. */
  readonly resource: string | undefined;
  /** `ok`, or the type of the error. */
  readonly outcome: string;
  readonly status: number;
  readonly durationMs: number;
  /** The other end of the connection: the caller, or the last proxy. */
  readonly peer: string | undefined;
};

/** Writes audit lines. */
export type Audit = (line: AuditLine) => void;

/**
 * Opens the audit: one line per API call at level info, which stays when the log's own level is higher (`silent` aside).
 */
export function openAudit(log: Log): Audit {
  const level = log.level === 'silent' ? 'silent' : 'info';
  const child = log.child({ audit: true }, { level });
  return (line) => child.info(line, 'API call');
}
