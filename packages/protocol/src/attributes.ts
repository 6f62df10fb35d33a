/** Attributes of a message, a token or an event: string to string. */
export type Attributes = Readonly<Record<string, string>>;

/** No attributes. */
export const noAttributes: Attributes = Object.freeze({});

/** UTF-8 bytes of all keys and values: what `limits.attributesBytes` bounds. */
export function attributesBytes(attributes: Attributes): number {
  let bytes = 0;
  for (const key of Object.keys(attributes)) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(attributes[key] as string);
  }
  return bytes;
}

/** Whether `value` is an object that maps strings to strings. */
export function isAttributes(value: unknown): value is Attributes {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  for (const key of Object.keys(value)) {
    if (typeof (value as Record<string, unknown>)[key] !== 'string') return false;
  }
  return true;
}
