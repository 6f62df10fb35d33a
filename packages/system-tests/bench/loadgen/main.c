/*
 * Opens WebSocket connections, sends and receives chat, and checks every delivery. Commands are lines on stdin, each
 * answered by a line of JSON on stdout where it says so. See README.md beside this file.
 */
#include "clock.h"
#include "connection.h"
#include "report.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { IDLE_MS = 5, MOST_LINE = 32 * 1024 };
/* A server that answers no handshake for so long answers none any more. */
static const uint64_t handshake_patience_ns = 30000000000u;

struct load load = {.content_bytes = 100};

void die(const char *format, ...) {
  va_list rest;
  va_start(rest, format);
  fprintf(stderr, "load generator: ");
  vfprintf(stderr, format, rest);
  fprintf(stderr, "\n");
  exit(1);
}

void *must_alloc(void *old, size_t bytes) {
  void *memory = realloc(old, bytes);
  if (memory == NULL) die("out of memory");
  return memory;
}

void note_error(const char *format, ...) {
  va_list rest;
  va_start(rest, format);
  vsnprintf(load.last_error, sizeof load.last_error, format, rest);
  va_end(rest);
}

/* ---- what the load consists of */

/* target <address> <port> */
static void add_target(const char *address, unsigned port) {
  if (load.target_count == MOST_TARGETS) die("more than %d targets", MOST_TARGETS);
  struct sockaddr_in *target = &load.targets[load.target_count++];
  target->sin_family = AF_INET;
  target->sin_port = htons((uint16_t)port);
  if (inet_pton(AF_INET, address, &target->sin_addr) != 1) die("%s is no IPv4 address", address);
}

static void add_sender(struct viewer *viewer) {
  struct room *room = &load.rooms[viewer->room];
  struct group *group = &load.groups[viewer->group];
  viewer->publisher = room->publishers++;
  room->senders = must_alloc(room->senders, room->publishers * sizeof *room->senders);
  room->senders[viewer->publisher] = viewer;
  group->senders = must_alloc(group->senders, ++group->sender_count * sizeof *group->senders);
  group->senders[group->sender_count - 1] = viewer;
}

/* viewer <target> <room> <group> <kind: listener | sender | slow> */
static void add_viewer(unsigned target, unsigned room, unsigned group, const char *kind) {
  if (target >= load.target_count) die("there is no target %u", target);
  if (group >= MOST_GROUPS) die("more than %d groups", MOST_GROUPS);
  if (load.viewer_count == load.viewer_room) {
    load.viewer_room = load.viewer_room * 2 + 64;
    load.viewers = must_alloc(load.viewers, load.viewer_room * sizeof *load.viewers);
  }
  while (load.room_count <= room) {
    load.rooms = must_alloc(load.rooms, (load.room_count + 1) * sizeof *load.rooms);
    memset(&load.rooms[load.room_count++], 0, sizeof *load.rooms);
  }
  struct viewer *viewer = must_alloc(NULL, sizeof *viewer);
  *viewer = (struct viewer){.number = load.viewer_count, .target = target, .room = room, .group = group};
  viewer->last_token = &viewer->tokens;
  viewer->is_slow = strcmp(kind, "slow") == 0;
  viewer->is_sender = strcmp(kind, "sender") == 0;
  load.viewers[load.viewer_count++] = viewer;
  if (group >= load.group_count) load.group_count = group + 1;
  /* The publishers of a room are known before its first viewer opens: their streams are laid out then. */
  if (viewer->is_sender && load.rooms[room].checked > 0) die("room %u is open: it can have no further sender", room);
  if (viewer->is_sender) add_sender(viewer);
}

/* token <viewer> <text>: used by the viewer's next connection that has none yet */
static void add_token(unsigned number, const char *text) {
  if (number >= load.viewer_count) die("there is no viewer %u", number);
  struct token *token = must_alloc(NULL, sizeof *token + strlen(text) + 1);
  token->next = NULL;
  strcpy(token->text, text);
  struct viewer *viewer = load.viewers[number];
  *viewer->last_token = token;
  viewer->last_token = &token->next;
}

/* ---- what it does */

/* How many of `per_second` are due after the time since `start_ns`. */
static uint64_t due(double per_second, uint64_t start_ns, uint64_t at_ns) {
  return (uint64_t)((double)(at_ns - start_ns) * per_second / 1e9);
}

/* open <most begun per second, 0: no limit> <most under way>: opens every viewer that isn't; answers */
static void open_all(double per_second, unsigned under_way) {
  reset_report();
  uint64_t start = now_ns(), begun = 0, settled = 0, progress = start;
  for (unsigned n = 0; n < load.viewer_count || load.opening > 0;) {
    uint64_t allowed = per_second > 0 ? due(per_second, start, now_ns()) + 1 : UINT64_MAX;
    while (n < load.viewer_count && load.opening < under_way && begun < allowed) {
      struct viewer *viewer = load.viewers[n++];
      if (viewer->current != NULL || viewer->coming != NULL) continue;
      connection_open(viewer);
      begun++;
    }
    connections_turn(1);
    if (settled != load.counters.handshakes + load.counters.failed_handshakes) {
      settled = load.counters.handshakes + load.counters.failed_handshakes;
      progress = now_ns();
    }
    if (load.opening > 0 && now_ns() - progress > handshake_patience_ns) {
      for (unsigned v = 0; v < n; v++) connection_give_up(load.viewers[v]);
    }
  }
  print_opened((double)(now_ns() - start) / 1e9);
}

static void send_next(struct group *group) {
  static char content[16 * 1024], text[20 * 1024];
  struct viewer *sender = group->senders[group->turn++ % group->sender_count];
  if (sender->current == NULL) {
    load.counters.unsendable++;
    return;
  }
  size_t length = write_content(sender, content, now_ns());
  length = load.dialect->publish(sender, content, length, text, sizeof text);
  sender->sent++;
  load.counters.sent++;
  load.counters.expected += load.rooms[sender->room].checked;
  connection_send(sender->current, OP_TEXT, text, length);
}

static void send_due(uint64_t start_ns, uint64_t end_ns) {
  uint64_t now = now_ns(), until = now < end_ns ? now : end_ns;
  for (unsigned g = 0; g < load.group_count; g++) {
    struct group *group = &load.groups[g];
    if (group->per_second <= 0 || group->sender_count == 0) continue;
    uint64_t wanted = due(group->per_second, start_ns, until);
    if (wanted > group->begun) {
      uint64_t planned_ns = start_ns + (uint64_t)((double)(group->begun + 1) / group->per_second * 1e9);
      uint64_t late_ns = now > planned_ns ? now - planned_ns : 0;
      if (late_ns > load.counters.most_late_ns) load.counters.most_late_ns = late_ns;
    }
    while (group->begun < wanted) {
      group->begun++;
      send_next(group);
    }
  }
}

/* Replaces the viewers' connections in turn, so that each has its own renewed every `seconds`. */
static void replace_due(double seconds, uint64_t start_ns, uint64_t *begun) {
  static unsigned turn;
  if (seconds <= 0) return;
  uint64_t wanted = due(load.viewer_count / seconds, start_ns, now_ns());
  for (; *begun < wanted; ++*begun) {
    struct viewer *viewer = load.viewers[turn++ % load.viewer_count];
    /* Senders keep theirs: an official client sends nothing while it replaces, and a rate has to be kept here. */
    if (viewer->is_sender || viewer->is_slow || viewer->coming != NULL) continue;
    connection_open(viewer);
  }
}

static int all_has_arrived(void) { return load.counters.arrived >= load.counters.expected && load.opening == 0; }

/*
 * run <seconds> <most seconds to wait for the last deliveries> <seconds between replacements, 0: none> <messages per
 * second of each group...>: sends, then waits; answers
 */
static void run(double seconds, double wait_seconds, double replace_seconds) {
  reset_report();
  uint64_t start = now_ns(), end = start + (uint64_t)(seconds * 1e9), replaced = 0;
  for (unsigned g = 0; g < load.group_count; g++) load.groups[g].begun = 0;
  while (now_ns() < end) {
    send_due(start, end);
    replace_due(replace_seconds, start, &replaced);
    connections_turn(1);
  }
  send_due(start, end);
  uint64_t patience = now_ns() + (uint64_t)(wait_seconds * 1e9);
  while (!all_has_arrived() && now_ns() < patience) connections_turn(1);
  uint64_t last = load.counters.last_arrival_ns;
  print_report(seconds, last > end ? (double)(last - start) / 1e9 : seconds);
}

/* ---- commands */

static void obey(char *line) {
  char word[32] = "", text[MOST_LINE] = "";
  unsigned a = 0, b = 0, c = 0;
  double x = 0, y = 0, z = 0;
  int used = 0;
  sscanf(line, "%31s", word);
  if (sscanf(line, "token %u %32767s", &a, text) == 2) add_token(a, text);
  else if (sscanf(line, "viewer %u %u %u %31s", &a, &b, &c, text) == 4) add_viewer(a, b, c, text);
  else if (sscanf(line, "target %63s %u", text, &a) == 2) add_target(text, a);
  else if (sscanf(line, "content %u", &a) == 1 && a <= 8192) load.content_bytes = a;
  else if (sscanf(line, "open %lf %u", &x, &a) == 2) open_all(x, a);
  else if (sscanf(line, "dialect %31s", text) == 1) {
    load.dialect = find_dialect(text);
    if (load.dialect == NULL) die("there is no dialect %s", text);
  } else if (sscanf(line, "run %lf %lf %lf%n", &x, &y, &z, &used) == 3) {
    char *rates = line + used;
    for (unsigned g = 0; g < MOST_GROUPS; g++) load.groups[g].per_second = strtod(rates, &rates);
    run(x, y, z);
  } else if (word[0] != '\0') die("can't obey %.80s", line);
}

/* Reads what stdin has without waiting; ends the process with stdin, so that it never outlives the benchmark. */
static void read_commands(void) {
  static char lines[MOST_LINE * 2];
  static size_t length;
  struct pollfd input = {.fd = 0, .events = POLLIN};
  while (poll(&input, 1, 0) > 0) {
    ssize_t n = read(0, lines + length, sizeof lines - 1 - length);
    if (n == 0) exit(0);
    if (n == -1 && errno != EINTR) die("stdin: %s", strerror(errno));
    if (n > 0) length += (size_t)n;
    lines[length] = '\0';
    char *at = lines, *stop;
    while ((stop = memchr(at, '\n', length - (size_t)(at - lines))) != NULL) {
      *stop = '\0';
      obey(at);
      at = stop + 1;
    }
    length -= (size_t)(at - lines);
    memmove(lines, at, length);
    if (length == sizeof lines - 1) die("a command is too long");
  }
}

static void raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

int main(void) {
  raise_descriptor_limit();
  connections_begin();
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (;;) {
    read_commands();
    connections_turn(IDLE_MS);
  }
}
