import type { Log } from '@roomstream/runtime/log';
import { connectNode, type RedisAccess } from '@roomstream/runtime/redis';
import type { Redis } from 'ioredis';
import { ByteMap } from './byte-map.ts';
import { PushStream } from './push-stream.ts';
import { defineScripts, type Scripts } from './scripts.ts';
import type { NodeAddress } from './topology.ts';

/** Who follows a shard over a link. */
export type LinkUser = {
  readonly channel: string;
  /** A push: the bytes between two offsets. */
  onPush(bytes: Buffer, start: number, end: number): void;
  /** The connection is up: subscribe anew, and read what was missed. */
  onUp(): void;
  /** The connection is gone: nothing comes any more. */
  onDown(): void;
};

/** An entry read from a stream: its id, and its bytes. */
export type StreamEntry = { readonly id: string; readonly bytes: Buffer };

/**
 * A connection of its own to one master, on which shards are followed. Under RESP3 commands and pushes share it, so
 * their order tells what a reply has seen: every push before it, and none after it.
 */
export class Link {
  readonly #redis: Redis;
  readonly #scripts: Scripts;
  readonly #users = new ByteMap<LinkUser>();
  readonly #onTrouble: () => void;
  #heardMs = performance.now();

  /** `onTrouble`: the connection was lost, or a shard has moved to another master. */
  constructor(access: RedisAccess, node: NodeAddress | undefined, log: Log, onTrouble: () => void) {
    this.#onTrouble = onTrouble;
    this.#redis = connectNode(access, 'follower', log, node);
    // Subscribing anew is ours: it has to be ordered with the reading of what was missed.
    this.#redis.options.autoResubscribe = false;
    this.#scripts = defineScripts(this.#redis);
    this.#redis.on('connect', () => this.#takePushes());
    this.#redis.on('ready', () => this.#up());
    this.#redis.on('close', () => this.#down());
    // A shard's slot has moved away: Redis ends the subscription.
    this.#redis.on('moved', () => onTrouble());
  }

  /** Whether commands can be sent. */
  get isUp(): boolean {
    return this.#redis.status === 'ready';
  }

  /** Milliseconds since the last sign of life. */
  ageMs(): number {
    return performance.now() - this.#heardMs;
  }

  /** The number of shards followed over it. */
  get size(): number {
    return this.#users.size;
  }

  attach(user: LinkUser): void {
    this.#users.set(user.channel, user);
    if (this.isUp) user.onUp();
  }

  detach(user: LinkUser): void {
    this.#users.delete(user.channel);
    user.onDown();
  }

  async subscribe(channel: string): Promise<void> {
    await this.#redis.ssubscribe(channel);
  }

  async unsubscribe(channel: string): Promise<void> {
    await this.#redis.sunsubscribe(channel);
  }

  /** Arguments as in lua/read-positions-1.lua. */
  readPositions(...args: Parameters<Scripts['readPositions']>): ReturnType<Scripts['readPositions']> {
    return this.#scripts.readPositions(...args);
  }

  /** The first `count` entries of a stream after an id. */
  async readAfter(stream: string, id: string, count: number): Promise<StreamEntry[]> {
    const rows = await this.#redis.xrangeBuffer(stream, `(${id}`, '+', 'COUNT', count);
    return rows.map(([entryId, fields]) => ({
      id: entryId.toString('latin1'),
      bytes: fields[1] ?? Buffer.alloc(0),
    }));
  }

  /** Asks for a sign of life: a connection that gives none is replaced only while something waits (runtime/redis.ts). */
  async watch(): Promise<void> {
    if (this.isUp) await this.#redis.ping();
  }

  close(): void {
    for (const user of [...this.#users.values()]) this.detach(user);
    this.#redis.disconnect();
  }

  /**
   * Pushes don't go through the client library: its parser and its event are most of what an entry costs, and most entries are
   * of rooms that nobody here has joined. The library gets all else, in the same order.
   */
  #takePushes(): void {
    const { stream } = this.#redis;
    // The first one is its parser; what follows watches for silence and needs to hear of everything.
    const parse = stream.listeners('data')[0] as ((bytes: Buffer) => void) | undefined;
    if (parse === undefined) throw new Error('the client library reads its connection in another way');
    const pushes = new PushStream(
      (bytes, channelStart, channelEnd, start, end) =>
        this.#users.at(bytes, channelStart, channelEnd)?.onPush(bytes, start, end),
      (bytes) => parse.call(stream, bytes),
    );
    stream.prependListener('data', (bytes: Buffer) => {
      this.#heardMs = performance.now();
      pushes.write(bytes);
    });
    stream.off('data', parse);
  }

  #up(): void {
    this.#heardMs = performance.now();
    for (const user of this.#users.values()) user.onUp();
  }

  #down(): void {
    for (const user of this.#users.values()) user.onDown();
    this.#onTrouble();
  }
}
