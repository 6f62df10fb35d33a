import type { Frame } from './connection.ts';
import { delivery, disorder, doubles, missing, received } from './metrics.ts';
import { DeliveryLedger } from './pure/delivery-ledger.ts';
import { decodeMark } from './pure/mark.ts';

/** Counts and judges what one connection receives. */
export class Watch {
  readonly #ledger: DeliveryLedger;
  readonly #measures: boolean;
  #isExchanged = false;

  /** `measures`: it records times, which needs a virtual user that does little else. */
  constructor(openedMs: number, measures: boolean) {
    this.#ledger = new DeliveryLedger(openedMs);
    this.#measures = measures;
  }

  /** From now on another connection of the same user is watched as well: what both receive is no double. */
  exchange(): void {
    this.#isExchanged = true;
  }

  /** Takes in what the connection receives. */
  onFrame(frame: Frame): void {
    if (frame.Type !== 'MESSAGE') return;
    const mark = decodeMark(frame.Attributes);
    if (mark === undefined) return;
    if (this.#measures) delivery.add(Date.now() - mark.sentMs, mark.step === '' ? {} : { step: mark.step });
    received.add(1);
    const finding = this.#ledger.record(mark);
    if (finding.missing > 0) missing.add(finding.missing);
    if (finding.doubles > 0 && !this.#isExchanged) doubles.add(finding.doubles);
    if (finding.isLate) disorder.add(1);
  }

  /** How many senders have sent their last message, and it came. */
  ended(): number {
    return this.#ledger.ended();
  }

  /** At the end of a connection that was there before the first message and after the last one. */
  expectSenders(count: number): void {
    const absent = count - this.ended();
    if (absent > 0) missing.add(absent);
  }
}
