/** A handshake that waits for its turn. */
export type Job = {
  /** The client has gone: nothing is to be done. */
  readonly isGone: boolean;
  /** Handles it, and settles within `deadlineMs` of the monotonic clock; must not reject. */
  run(deadlineMs: number): Promise<void>;
  /** It has waited too long, or the queue was full. */
  refuse(): void;
};

/** Bounds of the queue. */
export type AdmissionBounds = {
  /** Handshakes begun per second at most. */
  readonly perSecond: number;
  /** Handshakes under way at most: beyond, Redis would answer each of them later without more of them being done. */
  readonly mostUnderWay: number;
  /** Handshakes waiting at most. */
  readonly mostWaiting: number;
  /** From arrival to verdict, in milliseconds. */
  readonly patienceMs: number;
};

type Waiting = { readonly job: Job; readonly deadlineMs: number };

/**
 * Lets handshakes in one after the other at a bounded rate. After an outage all viewers come back at once, and stock
 * clients that are refused three times stay away for good: so they wait, and are refused only when the queue is full
 * or their time is over.
 */
export class Admission {
  readonly #bounds: AdmissionBounds;
  #queue: Waiting[] = [];
  #head = 0;
  #underWay = 0;
  #credit: number;
  #creditAtMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(bounds: AdmissionBounds) {
    this.#bounds = bounds;
    this.#credit = bounds.perSecond / 10;
    this.#creditAtMs = performance.now();
  }

  /** How many wait. */
  get waiting(): number {
    return this.#queue.length - this.#head;
  }

  /** Takes one in; begins it at once when nothing stands before it. */
  offer(job: Job): void {
    if (this.waiting >= this.#bounds.mostWaiting) {
      job.refuse();
      return;
    }
    this.#queue.push({ job, deadlineMs: performance.now() + this.#bounds.patienceMs });
    this.#pump();
  }

  /** Refuses all that wait. */
  refuseAll(): void {
    for (const { job } of this.#takeAll()) if (!job.isGone) job.refuse();
  }

  /** Resolves once nothing is under way or waiting. */
  async idle(): Promise<void> {
    while (this.#underWay > 0 || this.waiting > 0) {
      await new Promise<void>((resolve) => this.#onIdle.push(resolve));
    }
  }

  readonly #onIdle: (() => void)[] = [];

  #pump(): void {
    this.#dropLost();
    while (this.waiting > 0 && this.#underWay < this.#bounds.mostUnderWay) {
      if (!this.#spend()) {
        this.#pumpLater();
        return;
      }
      this.#begin(this.#shift());
      this.#dropLost();
    }
    if (this.#underWay === 0 && this.waiting === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  /**
   * Passes over those at the front whose client has gone or whose time is over. They cost nothing of the rate: in a
   * storm that lasts they would use it up, and everybody behind them would wait too long in turn.
   */
  #dropLost(): void {
    for (;;) {
      const first = this.#queue[this.#head];
      if (first === undefined) return;
      if (!first.job.isGone) {
        if (performance.now() < first.deadlineMs) return;
        first.job.refuse();
      }
      this.#shift();
    }
  }

  #begin({ job, deadlineMs }: Waiting): void {
    this.#underWay++;
    void job.run(deadlineMs).then(this.#done);
  }

  readonly #done = (): void => {
    this.#underWay--;
    this.#pump();
  };

  /** Takes credit for one; a tenth of a second's worth may gather. */
  #spend(): boolean {
    const nowMs = performance.now();
    const { perSecond } = this.#bounds;
    const gathered = this.#credit + ((nowMs - this.#creditAtMs) * perSecond) / 1000;
    this.#credit = Math.min(gathered, Math.max(1, perSecond / 10));
    this.#creditAtMs = nowMs;
    if (this.#credit < 1) return false;
    this.#credit--;
    return true;
  }

  #pumpLater(): void {
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        this.#pump();
      },
      Math.ceil(1000 / this.#bounds.perSecond),
    );
  }

  #shift(): Waiting {
    const first = this.#queue[this.#head++] as Waiting;
    // Array.shift moves the whole rest each time; a storm makes the rest tens of thousands long.
    if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    } else if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    }
    return first;
  }

  #takeAll(): Waiting[] {
    const rest = this.#queue.slice(this.#head);
    this.#queue = [];
    this.#head = 0;
    return rest;
  }
}
