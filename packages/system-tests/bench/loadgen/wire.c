#include "wire.h"
#include <string.h>

long wire_read(const char *text, size_t length, struct frame *frame) {
  const unsigned char *bytes = (const unsigned char *)text;
  if (length < 2) return 0;
  if (bytes[0] & 0x70 || bytes[1] & 0x80) return -1;
  uint64_t payload = bytes[1] & 0x7f;
  size_t header = 2;
  if (payload >= 126) {
    unsigned wide = payload == 126 ? 2 : 8;
    if (length < header + wide) return 0;
    payload = 0;
    for (unsigned n = 0; n < wide; n++) payload = payload << 8 | bytes[header + n];
    header += wide;
  }
  if (payload > MOST_FRAME_BYTES) return -1;
  if (length < header + payload) return 0;
  frame->opcode = bytes[0] & 0x0f;
  frame->is_final = bytes[0] >> 7;
  frame->payload = text + header;
  frame->length = (size_t)payload;
  return (long)(header + payload);
}

/* Servers must unmask whatever the key is; any sequence of keys that isn't constant will do for a load. */
static uint32_t next_mask(void) {
  static uint32_t state = 0x9e3779b9;
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

size_t wire_write(char *out, enum opcode opcode, const char *payload, size_t length) {
  unsigned char *bytes = (unsigned char *)out;
  size_t at = 2;
  bytes[0] = 0x80 | opcode;
  if (length < 126) {
    bytes[1] = 0x80 | (unsigned char)length;
  } else {
    unsigned wide = length < 65536 ? 2 : 8;
    bytes[1] = 0x80 | (wide == 2 ? 126 : 127);
    for (unsigned n = 0; n < wide; n++) bytes[at++] = (unsigned char)((uint64_t)length >> (8 * (wide - 1 - n)));
  }
  uint32_t mask = next_mask();
  const unsigned char *key = (const unsigned char *)&mask;
  memcpy(bytes + at, key, 4);
  at += 4;
  for (size_t n = 0; n < length; n++) bytes[at + n] = (unsigned char)payload[n] ^ key[n & 3];
  return at + length;
}
