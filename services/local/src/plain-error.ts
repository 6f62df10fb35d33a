/** A reason why Roomstream can't start or go on, as one sentence for the user: printed without a stack, exit status 1. */
export class PlainError extends Error {
  override readonly name: string = 'PlainError';
}

/** A reason that may pass by itself: what isn't there now may be there in a moment. */
export class PassingError extends PlainError {
  override readonly name = 'PassingError';
}
