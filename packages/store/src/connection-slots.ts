/** Slots of the connection quota that one gateway holds, leased from Redis: exact over all gateways. */
export type ConnectionSlots = {
  /**
   * Takes a slot for a new connection; false when the account's quota is used up. Synchronous when a slot is at hand.
   * Rejects with StoreUnavailable when Redis is away and none is.
   */
  acquire(account: string): boolean | Promise<boolean>;
  /** Returns the slot of a connection that has ended, acquired or forced. */
  release(account: string): void;
  /** Takes a slot in any case, over the quota where it must: for a connection that replaces another one. */
  force(account: string): void;
  /** Connections of the account on all gateways, as of the last report; those of this gateway alone without a quota. */
  count(account: string): number;
  close(): Promise<void>;
};
