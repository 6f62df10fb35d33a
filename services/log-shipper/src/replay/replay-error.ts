/** A reason why a replay can't be had, as one message for the user. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError';
  /** Exit status: 2 when the options are wrong, 1 for everything else. */
  readonly status: 1 | 2;

  constructor(status: 1 | 2, message: string) {
    super(message);
    this.status = status;
  }
}
