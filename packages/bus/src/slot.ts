/** Slots of a Redis Cluster. */
export const slotCount = 16_384;

/** The slot of a hash tag: CRC16 (XMODEM) modulo the number of slots, as the Cluster specification has it. */
export function slotOf(tag: string): number {
  let crc = 0;
  for (let i = 0; i < tag.length; i++) {
    crc = ((crc << 8) & 0xffff) ^ (table[((crc >> 8) ^ tag.charCodeAt(i)) & 0xff] as number);
  }
  return crc % slotCount;
}

const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  return crc;
});
