/** Records and bytes. */
export type Amount = { readonly records: number; readonly bytes: number };

/** What there is in all: records, bytes, and claims on them. */
export type Most = Amount & { readonly claims: number };

/** A part of the buffer that somebody holds. */
export type Claim = {
  amount(): Amount;
  /** Gives back all but this much, once it is known how much is needed. */
  shrinkTo(amount: Amount): void;
  /** Gives it back. May be called again. */
  release(): void;
};

type Holding = { records: number; bytes: number; claims: number };

/**
 * The shipper's buffer: how much of queues may be in memory at once, and in how many batches. A claim is taken whole, before anything is read, and
 * whoever has one never waits for more, so that nobody waits for each other. And a holder gets only as much as leaves at
 * least the same free as it holds then: one that never gives anything back has half, two have two thirds at most, and so on;
 * something is always left for those that are quick.
 */
export class BufferBudget {
  readonly #most: Most;
  readonly #holders = new Map<string, Holding>();
  readonly #all: Holding = { records: 0, bytes: 0, claims: 0 };

  constructor(most: Most) {
    this.#most = most;
  }

  /** What all hold. */
  get held(): Amount {
    return { records: this.#all.records, bytes: this.#all.bytes };
  }

  /** The most that a holder can get while nobody else has anything. */
  static largestClaim(most: Amount): Amount {
    return { records: Math.floor(most.records / 2), bytes: Math.floor(most.bytes / 2) };
  }

  /** A claim; undefined when it has to wait until others give something back. */
  take(holder: string, amount: Amount): Claim | undefined {
    const own = this.#holders.get(holder);
    const leaves = (what: keyof Holding, wanted: number) =>
      this.#most[what] - this.#all[what] - wanted >= (own?.[what] ?? 0) + wanted;
    if (!leaves('records', amount.records) || !leaves('bytes', amount.bytes) || !leaves('claims', 1))
      return undefined;
    let { records, bytes, claims } = { records: 0, bytes: 0, claims: 0 };
    const set = (next: Holding) => {
      this.#change(holder, {
        records: next.records - records,
        bytes: next.bytes - bytes,
        claims: next.claims - claims,
      });
      ({ records, bytes, claims } = next);
    };
    set({ ...amount, claims: 1 });
    return {
      amount: () => ({ records, bytes }),
      shrinkTo: (smaller) =>
        set({ records: Math.min(records, smaller.records), bytes: Math.min(bytes, smaller.bytes), claims }),
      release: () => set({ records: 0, bytes: 0, claims: 0 }),
    };
  }

  #change(holder: string, by: Holding): void {
    const own = this.#holders.get(holder) ?? { records: 0, bytes: 0, claims: 0 };
    for (const one of [this.#all, own]) {
      one.records += by.records;
      one.bytes += by.bytes;
      one.claims += by.claims;
    }
    if (own.claims === 0) this.#holders.delete(holder);
    else this.#holders.set(holder, own);
  }
}
