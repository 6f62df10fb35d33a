/** KMS can't be asked now (away, denied, or over the rate of calls): nobody knows whether the token is genuine. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}
