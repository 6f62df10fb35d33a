import type { Log } from '@roomstream/runtime/log';
import { type Loop, startLoop } from '@roomstream/runtime/loop';
import type { DataKey, KeySource } from './data-key.ts';

/** After a failed first key, how long the same answer is given before the source is asked again. */
const failureMs = 500;

/** Of the time that a key may be used, when it is replaced: the rest is for a source that doesn't answer at once. */
const replaceAfter = 0.9;

/**
 * The data key that seals now. The first is made at the first use, so that a process that only opens tokens needs no
 * right to make keys. Each is replaced before `dataKeySeconds` have passed; while the source is away the last one goes on
 * sealing (logged by the loop, seen in the metric of the key's time), so that an outage of KMS stops nobody.
 */
export class SealingKey {
  readonly #source: KeySource;
  readonly #dataKeySeconds: number;
  readonly #onKey: (key: DataKey) => void;
  readonly #log: Log;
  #current: DataKey | undefined;
  #first: Promise<DataKey> | undefined;
  #loop: Loop | undefined;
  #isClosed = false;

  constructor(source: KeySource, dataKeySeconds: number, onKey: (key: DataKey) => void, log: Log) {
    this.#source = source;
    this.#dataKeySeconds = dataKeySeconds;
    this.#onKey = onKey;
    this.#log = log;
  }

  /** The key: at once, but for the very first. Rejects when there is none yet and the source can't be asked. */
  key(): DataKey | Promise<DataKey> {
    if (this.#current !== undefined) return this.#current;
    this.#first ??= this.#begin();
    return this.#first;
  }

  /** Replaces the key, where there is one, because its master may be gone. */
  async renew(): Promise<void> {
    if (this.#current !== undefined) await this.#replace();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#loop?.stop();
  }

  async #begin(): Promise<DataKey> {
    try {
      const key = await this.#replace();
      if (!this.#isClosed) this.#startReplacing();
      return key;
    } catch (error) {
      // Everybody who wants to seal meets this failure for a moment, rather than each asking a source that is down.
      setTimeout(() => {
        this.#first = undefined;
      }, failureMs).unref();
      throw error;
    }
  }

  #startReplacing(): void {
    let isFresh = true;
    const turn = async () => {
      if (!isFresh) await this.#replace();
      isFresh = false;
    };
    const everyMs = this.#dataKeySeconds * 1000 * replaceAfter;
    this.#loop = startLoop('replacing the data key of tokens', everyMs, turn, this.#log);
  }

  async #replace(): Promise<DataKey> {
    const key = await this.#source.create();
    this.#current = key;
    this.#onKey(key);
    return key;
  }
}
