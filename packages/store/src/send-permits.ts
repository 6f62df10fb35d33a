/** Permits to send messages in an account, leased from its rate in small batches by recent demand. */
export type SendPermits = {
  /** Takes a permit; synchronous when one is at hand. False: the account's rate is used up, or Redis is away. */
  take(account: string): boolean | Promise<boolean>;
  /** Returns a permit whose message was not admitted after all (the room's rate was used up). */
  giveBack(account: string): void;
  close(): Promise<void>;
};
