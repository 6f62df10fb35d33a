const mappedPrefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** Renders the 4 or 16 bytes of an address; IPv4 in IPv6 as IPv4, '' when there are none (a unix socket). */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length !== 16) return ipv4Text(bytes, 0);
  if (mappedPrefix.every((byte, i) => bytes[i] === byte)) return ipv4Text(bytes, 12);
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2)
    groups.push((((bytes[i] as number) << 8) | (bytes[i + 1] as number)).toString(16));
  return groups.join(':');
}

function ipv4Text(bytes: Uint8Array, at: number): string {
  return bytes.length === 0 ? '' : `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}
