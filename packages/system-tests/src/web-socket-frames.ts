import { randomFillSync } from 'node:crypto';

/** Opcodes of RFC 6455, section 5.2. */
export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const maskPool = Buffer.alloc(4096);
let maskNext = maskPool.length;

/** A client's frame: masked, as RFC 6455 asks of clients. */
export function encodeClientFrame(code: number, payload: Buffer, isFinal = true): Buffer {
  const header = headerOf((isFinal ? 0x80 : 0) | code, payload.length);
  const frame = Buffer.allocUnsafe(header.length + 4 + payload.length);
  header.copy(frame);
  const mask = nextMask();
  mask.copy(frame, header.length);
  const start = header.length + 4;
  for (let i = 0; i < payload.length; i++) {
    frame[start + i] = (payload[i] as number) ^ (mask[i & 3] as number);
  }
  return frame;
}

function headerOf(first: number, length: number): Buffer {
  if (length < 126) return Buffer.from([first, 0x80 | length]);
  if (length < 65_536) return Buffer.from([first, 0x80 | 126, length >> 8, length & 0xff]);
  const header = Buffer.alloc(10);
  header[0] = first;
  header[1] = 0x80 | 127;
  header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

function nextMask(): Buffer {
  if (maskNext + 4 > maskPool.length) {
    randomFillSync(maskPool);
    maskNext = 0;
  }
  maskNext += 4;
  return maskPool.subarray(maskNext - 4, maskNext);
}

/** Called with each whole frame; the payload is valid during the call only. */
export type OnFrame = (code: number, payload: Buffer, isFinal: boolean) => void;

/** Cuts a server's bytes into frames. Server frames are never masked. */
export function frameReader(onFrame: OnFrame): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (;;) {
      const size = sizeAt(bytes, at);
      if (size === undefined || at + size.header + size.payload > bytes.length) break;
      const start = at + size.header;
      at = start + size.payload;
      const first = bytes[start - size.header] as number;
      onFrame(first & 0x0f, bytes.subarray(start, at), (first & 0x80) !== 0);
    }
    // A copy: the chunk's memory may be large and is reused.
    rest = at === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(at));
  };
}

function sizeAt(bytes: Buffer, at: number): { header: number; payload: number } | undefined {
  if (bytes.length < at + 2) return undefined;
  const short = (bytes[at + 1] as number) & 0x7f;
  if (short < 126) return { header: 2, payload: short };
  if (short === 126) {
    return bytes.length < at + 4 ? undefined : { header: 4, payload: bytes.readUInt16BE(at + 2) };
  }
  return bytes.length < at + 10 ? undefined : { header: 10, payload: Number(bytes.readBigUInt64BE(at + 2)) };
}
