import type { Log } from '@roomstream/runtime/log';
import type { LoggingConfiguration } from '@roomstream/store/records';
import type { LogDestination } from './log-destination.ts';

/** Where records of a logging configuration go now; `gone`: nobody knows it any more. */
export type Target =
  | { readonly kind: 'known'; readonly destination: LogDestination }
  | { readonly kind: 'gone' };

/** What a cache needs. */
export type ConfigurationCacheParts = {
  /** The record of a configuration; undefined when there is none. Rejects when it can't be asked. */
  readonly load: (account: string, id: string) => Promise<LoggingConfiguration | undefined>;
  readonly destinationOf: (configuration: LoggingConfiguration) => LogDestination;
  /** A configuration is known for the first time, or (`hasMoved`) has another destination now. */
  readonly onLoaded: (key: string, hasMoved: boolean) => void;
  /** Milliseconds of a monotonic clock. */
  readonly nowMs: () => number;
  readonly log: Log;
};

type Known = {
  target: Target | undefined;
  /** The destination of `target`, as text. */
  text: string;
  /** When the record that `target` is from was asked for. */
  askedMs: number;
  isLoading: boolean;
  hasFailed: boolean;
};

/** A record is read again when it is this old, and not used when it is older still, unless it can't be read. */
const rereadMs = 1_000;
const staleMs = 1_800;

/** The destinations of logging configurations, as their records say, read again every second while they are asked for. */
export class ConfigurationCache {
  readonly #parts: ConfigurationCacheParts;
  readonly #known = new Map<string, Known>();
  /** Those that couldn't be read last time: told when there is one, and when there is none any more. */
  readonly #failing = new Set<string>();

  constructor(parts: ConfigurationCacheParts) {
    this.#parts = parts;
  }

  /** Undefined while it isn't known; `onLoaded` says when it is. While it can't be read the last state counts. */
  get(account: string, id: string): Target | undefined {
    const key = account + id;
    const known = this.#known.get(key) ?? { ...unknown };
    this.#known.set(key, known);
    const age = this.#parts.nowMs() - known.askedMs;
    if (age >= rereadMs && !known.isLoading) void this.#load(key, account, id, known);
    return age < staleMs || known.hasFailed ? known.target : undefined;
  }

  /** Drops what isn't asked for any more. */
  forget(account: string, id: string): void {
    this.#known.delete(account + id);
    this.#failing.delete(account + id);
  }

  /** Never rejects. */
  async #load(key: string, account: string, id: string, known: Known): Promise<void> {
    known.isLoading = true;
    const askedMs = this.#parts.nowMs();
    try {
      const configuration = await this.#parts.load(account, id);
      const text = configuration === undefined ? 'gone' : JSON.stringify(configuration.destination);
      const hasMoved = known.target !== undefined && text !== known.text;
      if (text !== known.text) {
        known.target =
          configuration === undefined
            ? { kind: 'gone' }
            : { kind: 'known', destination: this.#parts.destinationOf(configuration) };
        known.text = text;
      }
      Object.assign(known, { askedMs, isLoading: false, hasFailed: false });
      if (this.#failing.delete(key) && this.#failing.size === 0) {
        this.#parts.log.info('logging configurations can be read again');
      }
      this.#parts.onLoaded(key, hasMoved);
    } catch (err) {
      Object.assign(known, { askedMs, isLoading: false, hasFailed: true });
      if (this.#failing.size === 0) {
        this.#parts.log.warn({ err, account, id }, 'a logging configuration can’t be read; retrying');
      }
      this.#failing.add(key);
    }
  }
}

const unknown: Known = {
  target: undefined,
  text: '',
  askedMs: Number.NEGATIVE_INFINITY,
  isLoading: false,
  hasFailed: false,
};
