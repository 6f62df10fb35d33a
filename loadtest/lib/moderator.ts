import { Counter, Trend } from 'k6/metrics';
import { type Connection, countError, type Frame } from './connection.ts';
import { ControlPlane, inWords } from './control-plane.ts';
import { leaveAt } from './crowd.ts';
import { expectGoodbye, inBackground, Member, pause } from './member.ts';
import { fail } from './metrics.ts';
import type { Crowd } from './pure/seats.ts';
import type { LoadSettings } from './pure/settings.ts';
import type { TestRun } from './test-run.ts';

/** From asking for a message's deletion to the event that tells the room. */
export const deleteTime = new Trend('chat_delete_ms', true);
/** From asking for a user's disconnection to the close of his connection. */
export const disconnectTime = new Trend('chat_disconnect_ms', true);
/** Messages that were deleted. */
export const deleted = new Counter('chat_deleted');
/** Users who were disconnected. */
export const disconnected = new Counter('chat_disconnected');

const withinMs = 5_000;
const capabilities = ['DELETE_MESSAGE', 'DISCONNECT_USER'];

/** Moderates one room: deletes what was said last, and disconnects guests who come for that. */
export class Moderator {
  readonly #settings: LoadSettings;
  readonly #crowd: Crowd;
  readonly #run: TestRun;
  readonly #place: number;
  readonly #controlPlane: ControlPlane;
  readonly #asked = new Map<string, number>();
  #room = '';
  #latest: string | undefined;
  #turns = 0;

  /** The n-th of all, from 0. */
  constructor(settings: LoadSettings, crowd: Crowd, run: TestRun, place: number) {
    this.#settings = settings;
    this.#crowd = crowd;
    this.#run = run;
    this.#place = place;
    this.#controlPlane = new ControlPlane(settings);
  }

  /** The work of one virtual user. */
  moderate(): void {
    const { rooms, endMs } = this.#run;
    const member = new Member(this.#settings, rooms, this.#crowd, 'moderator', this.#place, capabilities);
    inBackground(() =>
      member.connect(({ room }) => ({
        onOpen: (connection) => {
          this.#room = room;
          leaveAt(connection, endMs);
          this.#regularly(this.#settings.DELETES, () => this.#delete(connection));
          this.#regularly(this.#settings.DISCONNECTS, () => this.#disconnect(connection));
        },
        onFrame: (frame) => this.#onFrame(frame),
        onEnd: (ending) => {
          expectGoodbye(ending, endMs);
          if (this.#asked.size > 0) fail('delete', `${this.#asked.size} deletions were never told`);
        },
      })),
    );
  }

  /** `perSecond` over all moderators, while the room chats. */
  #regularly(perSecond: number, act: () => Promise<void>): void {
    const everyMs = (1000 * this.#crowd.moderators) / perSecond;
    const { chatFromMs, chatToMs } = this.#run;
    inBackground(async () => {
      for (let dueMs = chatFromMs + everyMs / 2; dueMs < chatToMs; dueMs += everyMs) {
        await pause(dueMs - Date.now());
        inBackground(act);
      }
    });
  }

  async #delete(connection: Connection): Promise<void> {
    const id = this.#latest;
    if (id === undefined || this.#asked.has(id)) return;
    this.#asked.set(id, Date.now());
    const reason = { Reason: 'load test' };
    await this.#ask(
      () => connection.send({ Action: 'DELETE_MESSAGE', Id: id, ...reason }),
      () => this.#call('DeleteMessage', { id, reason: 'load test' }),
    );
  }

  async #disconnect(moderator: Connection): Promise<void> {
    const { rooms, endMs } = this.#run;
    // Guests of this room are `moderators` apart.
    const place = this.#place + this.#turns * this.#crowd.moderators;
    const guest = new Member(this.#settings, rooms, this.#crowd, 'guest', place);
    let askedMs: number | undefined;
    let hasEnded = false;
    const connection = await guest.connect(({ userId }) => ({
      onOpen: () =>
        inBackground(async () => {
          askedMs = Date.now();
          await this.#ask(
            () => moderator.send({ Action: 'DISCONNECT_USER', UserId: userId, Reason: 'load test' }),
            () => this.#call('DisconnectUser', { userId, reason: 'load test' }),
          );
        }),
      onEnd: (ending) => {
        hasEnded = true;
        if (ending !== 'closed' || askedMs === undefined) return expectGoodbye(ending, endMs);
        disconnected.add(1);
        disconnectTime.add(Date.now() - askedMs);
      },
    }));
    await pause(withinMs);
    if (hasEnded || connection === undefined) return;
    fail('disconnect', `a user was still there ${withinMs} ms later`);
    connection.leave();
  }

  /** Over both APIs in turn; with a file of tokens over messaging alone, since there may be no access key. */
  async #ask(overMessaging: () => unknown, overApi: () => Promise<void>): Promise<void> {
    this.#turns += 1;
    if (this.#settings.TOKENS !== '' || this.#turns % 2 === 0) overMessaging();
    else await overApi();
  }

  async #call(operation: string, input: object): Promise<void> {
    const answer = await this.#controlPlane.call(operation, { roomIdentifier: this.#room, ...input });
    if (answer.status >= 300) fail(operation, inWords(answer));
  }

  #onFrame(frame: Frame): void {
    if (frame.Type === 'ERROR') countError(frame);
    if (frame.Type === 'MESSAGE') this.#latest = frame.Id;
    if (frame.EventName !== 'aws:DELETE_MESSAGE') return;
    const id = frame.Attributes?.['MessageID'] ?? '';
    const askedMs = this.#asked.get(id);
    if (askedMs === undefined) return;
    this.#asked.delete(id);
    deleted.add(1);
    deleteTime.add(Date.now() - askedMs);
  }
}
