import { hkdfSync, randomBytes } from 'node:crypto';
import type { Log } from '@roomstream/runtime/log';
import { type Loop, startLoop } from '@roomstream/runtime/loop';
import { type DataKey, dataKey, headerKind, type KeySource } from './data-key.ts';
import {
  createKeyFile,
  type KeyFile,
  keyFileVersion,
  type MasterKey,
  readKeyFile,
  readKeyFileAtStart,
  sealingMaster,
} from './key-file.ts';

const idBytes = 8;
const saltBytes = 16;
const headerBytes = 1 + idBytes + saltBytes;

/** How often the file's status is looked at. Watching it would miss files that are mounted and swapped as a folder. */
const lookEveryMs = 2_000;

/**
 * Data keys from the local key file: HKDF-SHA-256 of a master key and a random salt, both named in the header. Makes the
 * file when there is none; throws a KeyFileError when it can't be used. `onChange` runs after the file's keys changed; a
 * file that can't be used then is logged, and the keys before stay.
 */
export function openLocalKeys(path: string, log: Log, onChange: () => void): KeySource {
  if (createKeyFile(path, Date.now()))
    log.info({ path }, 'made a new token key file; every process of the deployment needs this very file');
  const source = new LocalKeys(path, log, onChange);
  return source;
}

class LocalKeys implements KeySource {
  readonly isProof = false;
  readonly #path: string;
  readonly #onChange: () => void;
  readonly #loop: Loop;
  #file: KeyFile;

  constructor(path: string, log: Log, onChange: () => void) {
    this.#path = path;
    this.#onChange = onChange;
    this.#file = readKeyFileAtStart(path);
    this.#loop = startLoop('reading the token key file', lookEveryMs, async () => this.#look(), log);
  }

  async create(): Promise<DataKey> {
    const master = sealingMaster(this.#file.keys, Date.now());
    const header = Buffer.concat([Buffer.of(headerKind.local), master.id, randomBytes(saltBytes)]);
    return derive(master, header);
  }

  find(header: Buffer): DataKey | undefined {
    if (header.length !== headerBytes || header[0] !== headerKind.local) return undefined;
    const id = header.subarray(1, 1 + idBytes);
    const master = this.#file.keys.find((key) => key.id.equals(id));
    return master === undefined ? undefined : derive(master, header);
  }

  notReady(): readonly string[] {
    return [];
  }

  close(): Promise<void> {
    return this.#loop.stop();
  }

  #look(): void {
    if (keyFileVersion(this.#path) === this.#file.version) return;
    this.#file = readKeyFile(this.#path);
    this.#onChange();
  }
}

function derive(master: MasterKey, header: Buffer): DataKey {
  const salt = header.subarray(1 + idBytes);
  return dataKey(
    header,
    new Uint8Array(hkdfSync('sha256', master.secret, salt, 'roomstream chat token', 32)),
  );
}
