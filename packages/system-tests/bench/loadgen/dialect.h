#pragma once
#include "load.h"

/* How one kind of server is spoken to. */
struct dialect {
  const char *name;
  /* Path and query of the handshake. */
  void (*path)(const struct viewer *viewer, char *out, size_t size);
  /* The token goes as Sec-WebSocket-Protocol. */
  int has_tokens;
  /* Words of the server may share a frame with messages. */
  int is_lines;
  /* What is said first after the upgrade; NULL when the connection is open at once. */
  void (*greet)(struct connection *connection);
  /* A text frame without a message in it (with `is_lines`, any). */
  void (*hear)(struct connection *connection, const char *text, size_t length);
  /* The text that publishes `content`; returns its length. */
  size_t (*publish)(const struct viewer *viewer, const char *content, size_t length, char *out, size_t size);
};

/* NULL: there is none of that name. */
const struct dialect *find_dialect(const char *name);
