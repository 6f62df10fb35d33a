import { background } from '@roomstream/runtime/background';
import type { Log } from '@roomstream/runtime/log';
import type { Surroundings } from '@roomstream/runtime/service';
import type { Settings } from '@roomstream/runtime/settings';
import { decodeBase64url } from './base64url.ts';
import type { DataKey, KeySource } from './data-key.ts';
import { openBytes, sealBytes } from './envelope.ts';
import { openLocalKeys } from './local-keys.ts';
import { Lru } from './lru.ts';
import { type TokenMetrics, tokenMetrics } from './metrics.ts';
import { decodePayload, encodePayload } from './payload.ts';
import { SealingKey } from './sealing-key.ts';
import type { ChatToken } from './token.ts';
import { keyOrigin, type tokenSettings } from './token-settings.ts';

/** Seals and opens chat tokens. */
export type TokenKeys = {
  /**
   * The token's text, of characters that are legal in Sec-WebSocket-Protocol. Synchronous when a data key is at hand (the
   * usual case). Rejects with KeysUnavailable when there is none yet and KMS can't be asked.
   */
  seal(token: ChatToken): string | Promise<string>;
  /**
   * undefined: malformed, forged, or sealed by an unknown key, without a difference. Doesn't look at the clock. Never
   * throws; rejects with KeysUnavailable only when KMS would have to be asked and can't be.
   */
  open(text: string): ChatToken | undefined | Promise<ChatToken | undefined>;
  /** Reasons why this process can neither seal nor open; none while any key is at hand. */
  notReady(): readonly string[];
  close(): Promise<void>;
};

/** Longer texts are no tokens: 1 KB of attributes (the smallest, so the most) and 128 emoji as user id give some 4,200. */
const longestText = 8 * 1024;

/** Keys of others that are kept: one per control plane and hour, for the longest life of a token (3 h). */
const mostKeys = 2_000;

/** Opens the keys that the settings name; throws when they name none or both, or when the key file can't be used. */
export async function openTokenKeys(
  settings: Settings<typeof tokenSettings>,
  surroundings: Surroundings,
): Promise<TokenKeys> {
  const { log, registry } = surroundings;
  const origin = keyOrigin(settings);
  const metrics = tokenMetrics(registry);
  if (origin.kind === 'kms') {
    // Loaded here alone: the SDK takes memory and time that a process with a key file needn't spend.
    const { openKmsKeys } = await import('./kms-keys.ts');
    const source = openKmsKeys(origin.keyId, settings, metrics, log);
    return new EnvelopeKeys(source, settings.dataKeySeconds, metrics, log);
  }
  const source = openLocalKeys(origin.path, log, () => keys.forget());
  const keys = new EnvelopeKeys(source, settings.dataKeySeconds, metrics, log);
  await keys.prepare();
  return keys;
}

class EnvelopeKeys implements TokenKeys {
  readonly #source: KeySource;
  readonly #sealing: SealingKey;
  readonly #known = new Lru<string, DataKey>(mostKeys);
  readonly #log: Log;

  constructor(source: KeySource, dataKeySeconds: number, metrics: TokenMetrics, log: Log) {
    this.#source = source;
    this.#log = log;
    const onKey = (key: DataKey) => {
      this.#known.set(key.headerText, key);
      metrics.dataKeyTime.setToCurrentTime();
    };
    this.#sealing = new SealingKey(source, dataKeySeconds, onKey, log);
  }

  /** Makes the first sealing key, so that every seal is synchronous. */
  async prepare(): Promise<void> {
    await this.#sealing.key();
  }

  /** Drops what was derived from the keys before, so that a removed master key opens nothing any more. */
  forget(): void {
    this.#known.clear();
    background(this.#sealing.renew(), this.#log, 'replacing the data key of tokens');
  }

  seal(token: ChatToken): string | Promise<string> {
    const plaintext = encodePayload(token);
    const key = this.#sealing.key();
    return key instanceof Promise
      ? key.then((made) => sealBytes(made, plaintext))
      : sealBytes(key, plaintext);
  }

  open(text: string): ChatToken | undefined | Promise<ChatToken | undefined> {
    const dot = text.indexOf('.');
    if (dot <= 0 || text.length > longestText) return undefined;
    const headerText = text.slice(0, dot);
    const body = text.slice(dot + 1);
    const known = this.#known.get(headerText);
    if (known !== undefined) return read(known, body);
    const header = decodeBase64url(headerText);
    if (header === undefined) return undefined;
    const found = this.#source.find(header);
    return found instanceof Promise
      ? found.then((key) => this.#readWith(key, body))
      : this.#readWith(found, body);
  }

  notReady(): readonly string[] {
    return this.#known.size > 0 ? [] : this.#source.notReady();
  }

  async close(): Promise<void> {
    await this.#sealing.close();
    await this.#source.close();
  }

  #readWith(key: DataKey | undefined, body: string): ChatToken | undefined {
    if (key === undefined) return undefined;
    const token = read(key, body);
    if (token !== undefined || this.#source.isProof) this.#known.set(key.headerText, key);
    return token;
  }
}

function read(key: DataKey, body: string): ChatToken | undefined {
  const plaintext = openBytes(key, body);
  return plaintext === undefined ? undefined : decodePayload(plaintext);
}
