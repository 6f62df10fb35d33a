#pragma once
#include "histogram.h"
#include "ledger.h"
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the load consists of. A viewer is a person in a room; it has a connection, for a moment two while the next one
 * replaces the last. What was delivered is checked per viewer, so a replacement that loses a message is seen.
 */
enum { MOST_TARGETS = 8, MOST_GROUPS = 4 };

enum state {
  CONNECTING, /* TCP */
  UPGRADING,  /* the HTTP answer is awaited */
  JOINING,    /* the dialect's own greeting */
  OPEN,
  LEAVING, /* replaced: a close frame went out, what still comes is not looked at, as official clients do */
  GONE,
};

struct connection {
  int fd;
  enum state state;
  struct viewer *viewer;
  char *rest; /* the beginning of a frame whose end hasn't come */
  size_t rest_length;
  char *unsent; /* what the socket didn't take */
  size_t unsent_length;
  uint64_t begun_ns;
  struct connection *next_gone;
};

struct token {
  struct token *next;
  char text[];
};

struct viewer {
  unsigned number, target, room, group;
  int is_sender, is_slow;
  int was_open;
  struct token *tokens, **last_token;
  struct connection *current, *coming;
  uint64_t replaced_ns;
  struct stream *streams; /* one for each publisher of the room */
  unsigned publisher;     /* which of the room's, of a sender */
  uint32_t sent;
};

struct room {
  unsigned publishers;
  unsigned checked; /* viewers that every message has to reach */
  struct viewer **senders;
};

/* Viewers of one kind, measured apart: quiet rooms beside a hot one. */
struct group {
  struct viewer **senders;
  unsigned sender_count, turn;
  double per_second;
  uint64_t begun; /* messages since the run began */
  struct histogram latency_us;
};

struct counters {
  uint64_t sent, unsendable, refused;
  uint64_t expected, arrived, earlier, doubled, overlapped, out_of_order, strayed;
  uint64_t frames, frame_bytes, reads, read_bytes;
  uint64_t errors; /* the server's words that are neither deliveries nor expected */
  uint64_t closed, slow_cut;
  uint64_t handshakes, failed_handshakes, replaced, tokens_missing;
  uint64_t most_late_ns; /* how far sending was behind its schedule */
  uint64_t last_arrival_ns;
};

struct load {
  const struct dialect *dialect;
  struct sockaddr_in targets[MOST_TARGETS];
  unsigned target_count;
  struct viewer **viewers;
  unsigned viewer_count, viewer_room;
  struct room *rooms;
  unsigned room_count;
  struct group groups[MOST_GROUPS];
  unsigned group_count;
  unsigned content_bytes;
  struct counters counters;
  struct histogram handshake_us;
  unsigned opening; /* handshakes under way */
  unsigned open;
  char last_error[256]; /* the last thing that went wrong, for whoever reads the report */
};

extern struct load load;

/* A failure that makes the figures worthless ends the process with a message. */
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

void *must_alloc(void *old, size_t bytes);

/* Keeps the message for the report. */
void note_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Finds the messages in a text frame and checks each; returns how many there were. */
unsigned note_deliveries(struct viewer *viewer, const char *text, size_t length, uint64_t received_ns);

/* From now on the viewer has to receive what is sent. */
void begin_count(struct viewer *viewer);

/* Writes the content of the viewer's next message, `load.content_bytes` long; returns its length. */
size_t write_content(struct viewer *viewer, char *out, uint64_t sent_ns);
