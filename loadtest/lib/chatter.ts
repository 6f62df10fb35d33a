import { setTimeout } from 'k6/timers';
import { type Connection, countError, type Frame } from './connection.ts';
import { echo, fail, sent } from './metrics.ts';
import { encodeMark } from './pure/mark.ts';
import { SentMessages } from './pure/sent-messages.ts';

/** When and how fast one chatter sends. */
export type Pace = {
  readonly fromMs: number;
  readonly toMs: number;
  /** Messages a second. */
  readonly rate: number;
  /** Parts of equal length with a share of the rate each; they tag the times at the probes. */
  readonly steps: readonly number[];
  /** Of the message's Content. */
  readonly characters: number;
};

const confirmedWithinMs = 5_000;
const againMs = 500;

/**
 * Sends at a pace over one connection, whatever becomes of the messages, and ends with a last one after all are settled.
 * Of what is under way when the connection ends nothing is known, so nothing is counted.
 */
export class Chatter {
  readonly #connection: Connection;
  readonly #pace: Pace;
  readonly #messages: SentMessages;
  readonly #content: string;
  #dueMs: number;
  #lastNumber = 0;

  /** `sender` is another one for each connection. */
  constructor(connection: Connection, sender: string, pace: Pace) {
    this.#connection = connection;
    this.#pace = pace;
    this.#messages = new SentMessages(sender);
    this.#content = `${sender} `.padEnd(pace.characters, 'lorem ipsum ').slice(0, pace.characters);
    // Chatters that begin together don't send together.
    this.#dueMs = Math.max(pace.fromMs, Date.now()) + (Math.random() * 1000) / this.#rateAt(pace.fromMs);
    this.#wait();
  }

  /** Takes in what the connection receives. */
  onFrame(frame: Frame): void {
    const number = Number(frame.RequestId ?? Number.NaN);
    if (Number.isNaN(number)) return;
    if (frame.Type === 'ERROR') {
      this.#messages.settle(number, 'refused');
      countError(frame);
      // Everybody waits for it.
      if (number === this.#lastNumber) setTimeout(() => this.#send(true), againMs * (0.5 + Math.random()));
      return;
    }
    const sentMs = this.#messages.settle(number, 'confirmed');
    if (sentMs !== undefined) echo.add(Date.now() - sentMs);
  }

  #wait(): void {
    const isOver = this.#dueMs > this.#pace.toMs;
    setTimeout(() => (isOver ? this.#finish() : this.#turn()), Math.max(0, this.#dueMs - Date.now()));
  }

  #turn(): void {
    if (!this.#send(false)) return;
    this.#dueMs += 1000 / this.#rateAt(this.#dueMs);
    this.#wait();
  }

  #finish(): void {
    const deadline = Date.now() + confirmedWithinMs;
    const look = () => {
      if (!this.#connection.isOpen()) return;
      if (this.#messages.underWay() > 0 && Date.now() < deadline) {
        setTimeout(look, 50);
        return;
      }
      const unconfirmed = this.#messages.underWay();
      if (unconfirmed > 0) fail('unconfirmed', `${unconfirmed} messages neither came back nor were refused`);
      this.#send(true);
    };
    look();
  }

  #send(isLast: boolean): boolean {
    if (!this.#connection.isOpen()) return false;
    const step = this.#pace.steps.length > 1 ? `${this.#stepAt(this.#dueMs) * 100}` : '';
    const mark = this.#messages.next(Date.now(), step, isLast);
    if (isLast) this.#lastNumber = mark.number;
    sent.add(1);
    return this.#connection.send({
      Action: 'SEND_MESSAGE',
      RequestId: `${mark.number}`,
      Content: this.#content,
      Attributes: encodeMark(mark),
    });
  }

  #rateAt(ms: number): number {
    return this.#pace.rate * this.#stepAt(ms);
  }

  #stepAt(ms: number): number {
    const { fromMs, toMs, steps } = this.#pace;
    const part = Math.floor(((ms - fromMs) / (toMs - fromMs)) * steps.length);
    return steps[Math.min(Math.max(part, 0), steps.length - 1)] ?? 1;
  }
}
