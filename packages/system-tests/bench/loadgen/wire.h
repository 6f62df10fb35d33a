#pragma once
#include <stddef.h>
#include <stdint.h>

/* RFC 6455, as much of it as a client needs whose servers send whole messages and no extensions. */
enum opcode { OP_CONTINUATION = 0, OP_TEXT = 1, OP_BINARY = 2, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10 };

struct frame {
  enum opcode opcode;
  int is_final;
  const char *payload;
  size_t length;
};

enum { MOST_FRAME_BYTES = 1024 * 1024, MOST_HEADER_BYTES = 14 };

/*
 * Reads the frame at `bytes`. Returns how many bytes it takes, 0 when it isn't complete yet, -1 when it is none that a
 * server may send (masked, reserved bits, beyond MOST_FRAME_BYTES).
 */
long wire_read(const char *bytes, size_t length, struct frame *frame);

/* Writes a masked frame to `out` (room for `length` + MOST_HEADER_BYTES); returns its bytes. */
size_t wire_write(char *out, enum opcode opcode, const char *payload, size_t length);
