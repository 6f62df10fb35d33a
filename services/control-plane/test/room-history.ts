import assert from 'node:assert/strict';
import { CreateRoomCommand } from '@aws-sdk/client-ivschat';
import { type Bus, openBus } from '@roomstream/bus/bus';
import { busSettings } from '@roomstream/bus/bus-settings';
import { deleteMessageAttributes, eventName } from '@roomstream/protocol/events';
import { encodeEvent, encodeMessage, encodeSender } from '@roomstream/protocol/frames';
import { newId } from '@roomstream/protocol/ids';
import { openMetrics } from '@roomstream/runtime/metrics';
import { readSettings } from '@roomstream/runtime/settings';
import { pino } from 'pino';
import { account, type ControlPlaneUnderTest } from './control-plane-under-test.ts';
import { type RawAnswer, rawRequest } from './raw-request.ts';

/** A frame as it was published. */
export type Said = { readonly id: string; readonly text: string };

/** A page as it was answered. */
export type Page = { readonly messages: readonly { readonly Id: string }[]; readonly nextToken?: string };

/** Frames that are published together at most. */
const together = 200;

/** Says things in rooms, as gateways do, and reads them back through the API. */
export class RoomHistory {
  readonly plane: ControlPlaneUnderTest;
  readonly bus: Bus;

  private constructor(plane: ControlPlaneUnderTest, bus: Bus) {
    this.plane = plane;
    this.bus = bus;
  }

  /** On the Redis of a control plane. */
  static async open(plane: ControlPlaneUnderTest): Promise<RoomHistory> {
    const settings = readSettings(busSettings, { REDIS_URL: plane.redis.url });
    const log = pino({ level: 'silent' });
    const around = { access: settings, shards: settings.shards, log, registry: openMetrics() };
    return new RoomHistory(plane, await openBus(around));
  }

  /** A new room, whose history is on unless `tags` say otherwise; its id. */
  async room(tags: Record<string, string> = { 'roomstream:history': 'on' }): Promise<string> {
    return (await this.plane.client().send(new CreateRoomCommand({ tags }))).id as string;
  }

  /** So many messages, in this order. */
  say(room: string, count: number, content = 'hello'): Promise<readonly Said[]> {
    const sender = encodeSender('alice', { name: 'Älice \u2028 "A"' });
    return this.#publish(room, count, (id, i) =>
      encodeMessage({
        id,
        requestId: `request ${i}`,
        attributes: { i: `${i}` },
        content: `${content} ${i} \u2028 </b> 👍`,
        sendTimeMs: this.bus.clock.nowMs(),
        sender,
      }),
    );
  }

  /** So many events of the application's own. */
  raise(room: string, count: number): Promise<readonly Said[]> {
    return this.#publish(room, count, (id) => this.#event(id, 'goal', {}));
  }

  /** Deletes messages, with an event each. */
  delete(room: string, messages: readonly Said[]): Promise<readonly Said[]> {
    return this.#publish(room, messages.length, (id, i) =>
      this.#event(id, eventName.deleteMessage, deleteMessageAttributes(messages[i]?.id ?? '', 'spam')),
    );
  }

  /** Calls ListMessages; `query` as in a URL. An empty `user` doesn't sign. */
  call(room: string, query = '', user = 'test'): Promise<RawAnswer> {
    const path = `/rooms/${room}/messages${query === '' ? '' : `?${query}`}`;
    return rawRequest(this.plane.url, { method: 'GET', path, ...(user !== '' && { user }) });
  }

  /** A page of a call that succeeds. */
  async page(room: string, query: string, nextToken?: string): Promise<Page> {
    const token = nextToken === undefined ? '' : `&nextToken=${nextToken}`;
    const answer = await this.call(room, `${query}${token}`);
    assert.equal(answer.status, 200, answer.body);
    return JSON.parse(answer.body) as Page;
  }

  /** The ids on all pages, in order; `meanwhile` runs between the pages. */
  async pages(room: string, query: string, meanwhile: () => Promise<unknown> = async () => undefined) {
    const pages: string[][] = [];
    let token: string | undefined;
    do {
      if (token !== undefined) await meanwhile();
      const page = await this.page(room, query, token);
      pages.push(page.messages.map(({ Id }) => Id));
      token = page.nextToken;
    } while (token !== undefined);
    return pages;
  }

  async close(): Promise<void> {
    await this.bus.close();
  }

  #event(id: string, name: string, attributes: Readonly<Record<string, string>>): string {
    const sendTimeMs = this.bus.clock.nowMs();
    return encodeEvent({ id, requestId: undefined, eventName: name, attributes, sendTimeMs });
  }

  async #publish(
    room: string,
    count: number,
    frame: (id: string, i: number) => string,
  ): Promise<readonly Said[]> {
    const all = Array.from({ length: count }, (_, i) => {
      const id = newId();
      return { id, text: frame(id, i) };
    });
    for (let from = 0; from < count; from += together) {
      const batch = all.slice(from, from + together);
      const published = await Promise.all(
        batch.map(({ id, text }) => this.bus.publish([{ kind: 'frame', account, room, id, body: text }])),
      );
      for (const { kind } of published) assert.equal(kind, 'published');
    }
    return all;
  }
}

/** Ids as a listing shows them: newest first. */
export function newestFirst(said: readonly Said[]): string[] {
  return said.map(({ id }) => id).reverse();
}
