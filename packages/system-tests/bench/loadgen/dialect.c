#include "dialect.h"
#include "connection.h"
#include <stdio.h>
#include <string.h>

static int has(const char *text, size_t length, const char *part) {
  return memmem(text, length, part, strlen(part)) != NULL;
}

static int starts(const char *text, size_t length, const char *part) {
  return length >= strlen(part) && memcmp(text, part, strlen(part)) == 0;
}

static void say(struct connection *connection, const char *text) {
  connection_send(connection, OP_TEXT, text, strlen(text));
}

static void unexpected(const char *text, size_t length) {
  load.counters.errors++;
  note_error("%.*s", (int)(length < 200 ? length : 200), text);
}

/* The sender's message went to nobody, so nobody has to receive it. */
static void refused(struct connection *connection) {
  load.counters.refused++;
  load.counters.expected -= load.rooms[connection->viewer->room].checked;
}

/* ---- Roomstream (and whatever else speaks IVS Chat Messaging) */

static void ivs_path(const struct viewer *viewer, char *out, size_t size) {
  (void)viewer;
  snprintf(out, size, "/");
}

static void ivs_hear(struct connection *connection, const char *text, size_t length) {
  if (has(text, length, "\"Type\":\"EVENT\"")) return;
  if (has(text, length, "\"Type\":\"ERROR\"") && has(text, length, "\"RequestId\":\"load-")) refused(connection);
  unexpected(text, length);
}

static size_t ivs_publish(const struct viewer *viewer, const char *content, size_t length, char *out, size_t size) {
  /* Official clients give each request an id, which comes back in the message. */
  return (size_t)snprintf(out, size,
                          "{\"Action\":\"SEND_MESSAGE\",\"RequestId\":\"load-%u-%u\",\"Content\":\"%.*s\"}",
                          viewer->number, viewer->sent, (int)length, content);
}

/* ---- Raw uWebSockets.js, and the tests' own server: the frame is the content, the room stands in the URL */

static void plain_path(const struct viewer *viewer, char *out, size_t size) {
  snprintf(out, size, "/?room=r%u", viewer->room);
}

static void plain_hear(struct connection *connection, const char *text, size_t length) {
  (void)connection;
  unexpected(text, length);
}

static size_t plain_publish(const struct viewer *viewer, const char *content, size_t length, char *out, size_t size) {
  (void)viewer;
  return (size_t)snprintf(out, size, "%.*s", (int)length, content);
}

/* ---- Socket.IO 4 over Engine.IO 4, WebSocket only */

static void sio_path(const struct viewer *viewer, char *out, size_t size) {
  snprintf(out, size, "/socket.io/?EIO=4&transport=websocket&room=r%u", viewer->room);
}

static void sio_greet(struct connection *connection) { (void)connection; /* the server speaks first */ }

static void sio_hear(struct connection *connection, const char *text, size_t length) {
  if (length == 1 && text[0] == '2') say(connection, "3"); /* ping */
  else if (starts(text, length, "0{")) say(connection, "40");
  else if (starts(text, length, "40")) connection_is_open(connection);
  else unexpected(text, length);
}

static size_t sio_publish(const struct viewer *viewer, const char *content, size_t length, char *out, size_t size) {
  (void)viewer;
  return (size_t)snprintf(out, size, "42[\"say\",\"%.*s\"]", (int)length, content);
}

/* ---- Centrifugo 6, JSON protocol */

static void centrifugo_path(const struct viewer *viewer, char *out, size_t size) {
  (void)viewer;
  snprintf(out, size, "/connection/websocket");
}

static void centrifugo_greet(struct connection *connection) { say(connection, "{\"id\":1,\"connect\":{}}"); }

static void centrifugo_line(struct connection *connection, const char *text, size_t length) {
  if (starts(text, length, "{\"push\":")) return;
  if (length == 2 && memcmp(text, "{}", 2) == 0) {
    say(connection, "{}"); /* ping */
  } else if (has(text, length, "\"error\"")) {
    if (!starts(text, length, "{\"id\":1,") && !starts(text, length, "{\"id\":2,")) refused(connection);
    unexpected(text, length);
  } else if (starts(text, length, "{\"id\":1,")) {
    char subscribe[96];
    snprintf(subscribe, sizeof subscribe, "{\"id\":2,\"subscribe\":{\"channel\":\"r%u\"}}", connection->viewer->room);
    say(connection, subscribe);
  } else if (starts(text, length, "{\"id\":2,")) {
    connection_is_open(connection);
  } else if (!has(text, length, "\"publish\":{}")) {
    unexpected(text, length);
  }
}

/* Replies are lines: several may share a frame, and a message may stand between them. */
static void centrifugo_hear(struct connection *connection, const char *text, size_t length) {
  const char *end = text + length;
  while (text < end) {
    const char *line = memchr(text, '\n', (size_t)(end - text));
    const char *stop = line == NULL ? end : line;
    centrifugo_line(connection, text, (size_t)(stop - text));
    if (connection->state == GONE) return;
    text = stop + 1;
  }
}

static size_t centrifugo_publish(const struct viewer *viewer, const char *content, size_t length, char *out,
                                 size_t size) {
  return (size_t)snprintf(out, size,
                          "{\"id\":%u,\"publish\":{\"channel\":\"r%u\",\"data\":{\"content\":\"%.*s\"}}}",
                          viewer->sent + 3, viewer->room, (int)length, content);
}

static const struct dialect dialects[] = {
    {"ivs", ivs_path, 1, 0, NULL, ivs_hear, ivs_publish},
    {"plain", plain_path, 0, 0, NULL, plain_hear, plain_publish},
    {"socket.io", sio_path, 0, 0, sio_greet, sio_hear, sio_publish},
    {"centrifugo", centrifugo_path, 0, 1, centrifugo_greet, centrifugo_hear, centrifugo_publish},
};

const struct dialect *find_dialect(const char *name) {
  for (unsigned n = 0; n < sizeof dialects / sizeof *dialects; n++) {
    if (strcmp(dialects[n].name, name) == 0) return &dialects[n];
  }
  return NULL;
}
