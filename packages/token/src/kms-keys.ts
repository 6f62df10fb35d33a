import { createHash } from 'node:crypto';
import { DecryptCommand, GenerateDataKeyCommand, KMSClient, type KMSClientConfig } from '@aws-sdk/client-kms';
import type { Log } from '@roomstream/runtime/log';
import type { Settings } from '@roomstream/runtime/settings';
import { CallBudget } from './call-budget.ts';
import { type DataKey, dataKey, headerKind, type KeySource } from './data-key.ts';
import { KeysUnavailable } from './keys-unavailable.ts';
import { Lru } from './lru.ts';
import type { TokenMetrics } from './metrics.ts';
import type { tokenSettings } from './token-settings.ts';

/** A call to KMS that takes longer has failed: a handshake waits for it. Covers the SDK's one retry too. */
const callMs = 2_000;

/** Longest wrapped key that is taken to KMS, in bytes; AWS makes 184. */
const longestWrapped = 1_024;

/** Headers that KMS has refused and that aren't taken there again. */
const mostRefused = 4_096;

/**
 * Unknown headers taken to KMS: the header is the attacker's to choose, and KMS costs money and has a quota that the
 * whole account shares. A gateway that starts meets one genuine key per control plane and hour of token life.
 */
const unknownPerSecond = 20;
const unknownAtOnce = 100;

type Outcome = 'ok' | 'refused' | 'denied' | 'unavailable';

/** Errors of Decrypt that say: these bytes are no data key of ours. They are final. */
const refusals = new Set(['InvalidCiphertextException', 'IncorrectKeyException', 'ValidationException']);

/**
 * Data keys that KMS makes and wraps (GenerateDataKey); the wrapped key travels in the header, and Decrypt unwraps it,
 * with key id and encryption context pinned. Nothing is asked before the first key is needed.
 */
export function openKmsKeys(
  keyId: string,
  settings: Settings<typeof tokenSettings>,
  metrics: TokenMetrics,
  log: Log,
): KeySource {
  return new KmsKeys(
    new KMSClient(kmsClientConfig(keyId, settings)),
    keyId,
    settings.kmsDeployment,
    metrics,
    log,
  );
}

/** How KMS is reached. */
export function kmsClientConfig(keyId: string, settings: Settings<typeof tokenSettings>): KMSClientConfig {
  const region = settings.kmsRegion ?? (keyId.startsWith('arn:') ? keyId.split(':')[3] : undefined);
  return {
    maxAttempts: 2,
    ...(region === undefined ? {} : { region }),
    ...(settings.kmsEndpoint === undefined ? {} : { endpoint: settings.kmsEndpoint }),
  };
}

/** What wrapped keys are bound to. */
export function encryptionContext(deployment: string): Record<string, string> {
  return { 'roomstream:purpose': 'chat-token', 'roomstream:deployment': deployment };
}

class KmsKeys implements KeySource {
  readonly isProof = true;
  readonly #client: KMSClient;
  /** What both calls pin. */
  readonly #pinned: { readonly KeyId: string; readonly EncryptionContext: Record<string, string> };
  readonly #metrics: TokenMetrics;
  readonly #log: Log;
  readonly #refused = new Lru<string, true>(mostRefused);
  readonly #asking = new Map<string, Promise<DataKey | undefined>>();
  readonly #budget = new CallBudget(unknownPerSecond, unknownAtOnce, performance.now());
  #fault: string | undefined;
  #deniedAgainMs = 0;

  constructor(client: KMSClient, keyId: string, deployment: string, metrics: TokenMetrics, log: Log) {
    this.#client = client;
    this.#pinned = {
      KeyId: keyId,
      EncryptionContext: encryptionContext(deployment),
    };
    this.#metrics = metrics;
    this.#log = log;
  }

  async create(): Promise<DataKey> {
    const command = new GenerateDataKeyCommand({ ...this.#pinned, KeySpec: 'AES_256' });
    try {
      const made = await this.#client.send(command, { abortSignal: AbortSignal.timeout(callMs) });
      const key = this.#toDataKey(made.CiphertextBlob, made.Plaintext);
      this.#note('GenerateDataKey', 'ok');
      return key;
    } catch (error) {
      const isDenied = (error as Error).name === 'AccessDeniedException';
      throw this.#failed('GenerateDataKey', isDenied ? 'denied' : 'unavailable', error);
    }
  }

  find(header: Buffer): DataKey | undefined | Promise<DataKey | undefined> {
    if (header[0] !== headerKind.kms || header.length < 2 || header.length > 1 + longestWrapped)
      return undefined;
    const name = createHash('sha256').update(header).digest('base64');
    if (this.#refused.get(name) === true) {
      this.#metrics.refusedHeaders.inc({ reason: 'known' });
      return undefined;
    }
    return this.#asking.get(name) ?? this.#ask(header, name);
  }

  notReady(): readonly string[] {
    return this.#fault === undefined ? [] : [this.#fault];
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  /** One call per header, whoever else wants it meanwhile. */
  #ask(header: Buffer, name: string): Promise<DataKey | undefined> {
    if (!this.#budget.take(performance.now())) {
      this.#metrics.refusedHeaders.inc({ reason: 'rate' });
      return Promise.reject(new KeysUnavailable('too many tokens with unknown keys'));
    }
    const asking = this.#unwrap(header, name).finally(() => {
      // Not at once: whoever waits for the key puts it into the cache first, so that no second call slips in between.
      setImmediate(() => this.#asking.delete(name));
    });
    this.#asking.set(name, asking);
    return asking;
  }

  async #unwrap(header: Buffer, name: string): Promise<DataKey | undefined> {
    const wrapped = header.subarray(1);
    const command = new DecryptCommand({ ...this.#pinned, CiphertextBlob: wrapped });
    try {
      const { Plaintext } = await this.#client.send(command, { abortSignal: AbortSignal.timeout(callMs) });
      const key = this.#toDataKey(wrapped, Plaintext);
      this.#note('Decrypt', 'ok');
      return key;
    } catch (error) {
      if (refusals.has((error as Error).name)) {
        this.#note('Decrypt', 'refused');
        this.#refused.set(name, true);
        return undefined;
      }
      if ((error as Error).name === 'AccessDeniedException') {
        this.#denied(error);
        return undefined;
      }
      throw this.#failed('Decrypt', 'unavailable', error);
    }
  }

  /**
   * The wrapped key names a foreign KMS key, or our own rights are missing: no token of ours as far as KMS will say, but
   * not for ever. It isn't a fault of state, since a stranger's header can cause it, and it is logged once a minute.
   */
  #denied(error: unknown): void {
    this.#metrics.kmsCalls.inc({ operation: 'Decrypt', outcome: 'denied' });
    const nowMs = performance.now();
    if (nowMs < this.#deniedAgainMs) return;
    this.#deniedAgainMs = nowMs + 60_000;
    this.#log.error({ err: error }, 'KMS denies Decrypt: a forged token, or the right is missing');
  }

  #toDataKey(wrapped: Uint8Array | undefined, secret: Uint8Array | undefined): DataKey {
    if (wrapped === undefined || secret?.length !== 32) throw new Error('KMS gave no key of 256 bits');
    return dataKey(Buffer.concat([Buffer.of(headerKind.kms), wrapped]), secret);
  }

  #note(operation: string, outcome: Outcome): void {
    this.#metrics.kmsCalls.inc({ operation, outcome });
    if (this.#fault !== undefined) this.#log.info('KMS answers again');
    this.#fault = undefined;
  }

  /** Logs the change of state alone; the counter has every failure. */
  #failed(operation: string, outcome: Outcome, error: unknown): KeysUnavailable {
    this.#metrics.kmsCalls.inc({ operation, outcome });
    if (this.#fault === undefined)
      this.#log.error(
        { err: error, operation },
        'KMS can’t be asked; keys at hand go on sealing and opening',
      );
    this.#fault = `KMS can’t be asked: ${(error as Error).name}`;
    return new KeysUnavailable(this.#fault, { cause: error });
  }
}
