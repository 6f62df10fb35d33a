const mappedPrefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** Renders the 4 or 16 bytes of an address; IPv4 in IPv6 as IPv4, '' when there are none (a unix socket). */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 16 && mappedPrefix.every((byte, i) => bytes[i] === byte))
    return bytes.subarray(12).join('.');
  if (bytes.length !== 16) return bytes.join('.');
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2)
    groups.push((((bytes[i] as number) << 8) | (bytes[i + 1] as number)).toString(16));
  return groups.join(':');
}
