/**
 * Sizes that the wire allows. Limits that an account may raise are quotas (store/quotas); limits of the control
 * plane's fields are in its service model.
 */
export const limits = {
  /** One WebSocket frame from a client, in bytes. Beyond: ERROR 413, the connection stays open. */
  frameBytes: 16 * 1024,
  /** Attributes of a message, a token or an event: UTF-8 bytes of all keys and values together. */
  attributesBytes: 1024,
  /** `Reason` of DELETE_MESSAGE and DISCONNECT_USER, in characters (code points). */
  reasonLength: 256,
  /** `RequestId`, in characters (code points). */
  requestIdLength: 128,
  /** `UserId`, in characters (code points). */
  userIdLength: 128,
  /** The largest `maximumMessageLength` that a room may have, in code points. */
  contentLength: 500,
} as const;

/** Length in Unicode code points, the unit of the contract's character limits. */
export function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // A high surrogate followed by a low one is one code point in two units; a lone one counts by itself.
    if (unit >= 0xd800 && unit < 0xdc00 && i + 1 < text.length) {
      const following = text.charCodeAt(i + 1);
      if (following >= 0xdc00 && following < 0xe000) {
        count--;
        i++;
      }
    }
  }
  return count;
}
