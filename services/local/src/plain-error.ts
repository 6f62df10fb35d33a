/** A reason why Roomstream can't start or go on, as one sentence for the user: printed without a stack, exit status 1. */
export class PlainError extends Error {
  override readonly name = 'PlainError';
}
