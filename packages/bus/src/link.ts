import type { Log } from '@roomstream/runtime/log';
import { connectNode, type RedisAccess } from '@roomstream/runtime/redis';
import type { Redis } from 'ioredis';
import { defineScripts, type Scripts } from './scripts.ts';
import type { NodeAddress } from './topology.ts';

/** Who follows a shard over a link. */
export type LinkUser = {
  readonly channel: string;
  onPush(push: Buffer): void;
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
  readonly #users = new Map<string, LinkUser>();
  readonly #onTrouble: () => void;
  #heardMs = performance.now();

  /** `onTrouble`: the connection was lost, or a shard has moved to another master. */
  constructor(access: RedisAccess, node: NodeAddress | undefined, log: Log, onTrouble: () => void) {
    this.#onTrouble = onTrouble;
    this.#redis = connectNode(access, 'follower', log, node);
    // Subscribing anew is ours: it has to be ordered with the reading of what was missed.
    this.#redis.options.autoResubscribe = false;
    this.#scripts = defineScripts(this.#redis);
    this.#redis.on('smessageBuffer', (channel: Buffer, push: Buffer) => {
      this.#heardMs = performance.now();
      this.#users.get(channel.toString('latin1'))?.onPush(push);
    });
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
    await this.#heard(this.#redis.ssubscribe(channel));
  }

  async unsubscribe(channel: string): Promise<void> {
    await this.#heard(this.#redis.sunsubscribe(channel));
  }

  /** Arguments as in lua/read-position-1.lua. */
  readPosition(...args: Parameters<Scripts['readPosition']>): ReturnType<Scripts['readPosition']> {
    return this.#heard(this.#scripts.readPosition(...args));
  }

  /** The first `count` entries of a stream after an id. */
  async readAfter(stream: string, id: string, count: number): Promise<StreamEntry[]> {
    const rows = await this.#heard(this.#redis.xrangeBuffer(stream, `(${id}`, '+', 'COUNT', count));
    return rows.map(([entryId, fields]) => ({
      id: entryId.toString('latin1'),
      bytes: fields[1] ?? Buffer.alloc(0),
    }));
  }

  /** Asks for a sign of life: a connection that gives none is replaced only while something waits (runtime/redis.ts). */
  async watch(): Promise<void> {
    if (this.isUp) await this.#heard(this.#redis.ping());
  }

  close(): void {
    for (const user of [...this.#users.values()]) this.detach(user);
    this.#redis.disconnect();
  }

  #up(): void {
    this.#heardMs = performance.now();
    for (const user of this.#users.values()) user.onUp();
  }

  #down(): void {
    for (const user of this.#users.values()) user.onDown();
    this.#onTrouble();
  }

  async #heard<T>(reply: Promise<T>): Promise<T> {
    const value = await reply;
    this.#heardMs = performance.now();
    return value;
  }
}
