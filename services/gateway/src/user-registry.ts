import { readFileSync } from 'node:fs';
import { background } from '@roomstream/runtime/background';
import { tryFor } from '@roomstream/runtime/backoff';
import type { Log } from '@roomstream/runtime/log';
import { type Loop, startLoop } from '@roomstream/runtime/loop';
import type { RedisClient } from '@roomstream/runtime/redis';
import type { Session } from './session.ts';

/** What the registry needs of the bus: its Redis, its keys, its clock. */
export type RegistryBus = {
  readonly commands: RedisClient;
  readonly clock: { nowMs(): number };
  keyOfRoom(room: string, what: string): string;
};

/** A gateway that hasn't said so for this long is dead, and its connections are gone. */
const aliveMs = 15_000;
const heartbeatMs = 5_000;

/** How long a start waits for Redis. */
const patienceMs = 5_000;

const addScript = readFileSync(new URL('../../lua/add-user-connection-1.lua', import.meta.url), 'utf8');
const addCommand = 'gateway:addUserConnection';

/**
 * Which connections each user has in each room, over the fleet. Stock clients open the next connection before they
 * close the old one, so at a full quota it tells a refresh, which is never refused, from a newcomer. Written beside
 * the handshake, read only when the quota refuses.
 */
export class UserRegistry {
  readonly #bus: RegistryBus;
  readonly #gatewayId: string;
  readonly #log: Log;
  /** Sessions whose entry couldn't be written; the heartbeat tries again. */
  readonly #unwritten = new Set<Session>();
  readonly #heartbeat: Loop;

  private constructor(bus: RegistryBus, gatewayId: string, log: Log) {
    this.#bus = bus;
    // Its text goes to Redis once a connection, its hash from then on.
    bus.commands.defineCommand(addCommand, { numberOfKeys: 1, lua: addScript });
    this.#gatewayId = gatewayId;
    this.#log = log;
    this.#heartbeat = startLoop('the heartbeat of this gateway', heartbeatMs, () => this.#beat(), log);
  }

  /** Starts it; resolves when this gateway is known to be alive. Rejects when Redis is away. */
  static async open(bus: RegistryBus, gatewayId: string, log: Log): Promise<UserRegistry> {
    // A Cluster's client connects to a master only when the first command needs it, which fails.
    await tryFor(patienceMs, () => sayAlive(bus, gatewayId));
    return new UserRegistry(bus, gatewayId, log);
  }

  /** Adds an open session; the writing goes on in the background. */
  add(session: Session): void {
    this.#write(session);
  }

  /** Takes a closed session out. */
  remove(session: Session): void {
    this.#write(session);
  }

  /** Whether the user has a connection in the room at a gateway that lives. Rejects when Redis is away. */
  async isConnected(room: string, userId: string): Promise<boolean> {
    const { commands, clock } = this.#bus;
    const members = await commands.zrangebyscore(this.#key(room, userId), clock.nowMs(), '+inf');
    const gateways = new Set(members.map((member) => member.slice(0, member.indexOf('/'))));
    for (const gateway of gateways) {
      if ((await commands.exists(aliveKey(gateway))) === 1) return true;
    }
    return false;
  }

  /** Stops; from then on this gateway's connections don't count. */
  async close(): Promise<void> {
    await this.#heartbeat.stop();
    await this.#bus.commands.del(aliveKey(this.#gatewayId)).catch((err: unknown) => {
      this.#log.debug({ err }, 'the heartbeat key ends by itself');
    });
  }

  #write(session: Session): void {
    background(this.#tryWrite(session), this.#log, 'writing the registry of users');
  }

  async #tryWrite(session: Session): Promise<void> {
    try {
      await this.#send(session);
      this.#unwritten.delete(session);
    } catch (err) {
      this.#log.debug({ err }, 'the registry of users could not be written yet');
      this.#unwritten.add(session);
    }
  }

  /** Writes what is true of the session now, so that a late try can't bring a closed one back. */
  #send(session: Session): Promise<unknown> {
    const { commands, clock } = this.#bus;
    const key = this.#key(session.room.id, session.userId);
    const member = `${this.#gatewayId}/${session.number}`;
    if (session.socket === undefined) return commands.zrem(key, member);
    // defineCommand adds a method that no type knows of.
    const methods = commands as unknown as Record<string, (...args: (string | number)[]) => Promise<unknown>>;
    return (methods[addCommand] as (typeof methods)[string]).call(
      commands,
      key,
      member,
      session.expiresMs,
      clock.nowMs(),
    );
  }

  async #beat(): Promise<void> {
    await sayAlive(this.#bus, this.#gatewayId);
    for (const session of [...this.#unwritten]) await this.#tryWrite(session);
  }

  #key(room: string, userId: string): string {
    return this.#bus.keyOfRoom(room, `users:${room}:${userId}`);
  }
}

async function sayAlive(bus: RegistryBus, gatewayId: string): Promise<void> {
  await bus.commands.set(aliveKey(gatewayId), '1', 'PX', aliveMs);
}

function aliveKey(gatewayId: string): string {
  return `gateway:${gatewayId}:alive`;
}
