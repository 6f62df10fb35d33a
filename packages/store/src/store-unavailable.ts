/** Redis didn't answer within the retry window. What was asked for may or may not have happened. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';

  constructor(what: string, cause: unknown) {
    super(`${what}: Redis is away`, { cause });
  }
}
