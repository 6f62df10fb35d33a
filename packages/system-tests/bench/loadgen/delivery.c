#include "clock.h"
#include "load.h"
#include <stdio.h>
#include <string.h>

/*
 * Each message says in its content which it is and when it was sent: ~room.publisher.sequence.nanoseconds~ and filler.
 * No server's own bytes have a tilde, so a message is found without parsing what is around it.
 */
static const char mark = '~';
/* For so long after a replacement the new connection may repeat what the old one has shown. */
static const uint64_t overlap_ns = 2000000000u;

static const char *number(const char *at, const char *end, char until, uint64_t *value) {
  uint64_t sum = 0;
  const char *start = at;
  while (at < end && *at >= '0' && *at <= '9') sum = sum * 10 + (uint64_t)(*at++ - '0');
  *value = sum;
  return at > start && at < end && *at == until ? at + 1 : NULL;
}

static void check(struct viewer *viewer, const uint64_t id[4], uint64_t received_ns) {
  struct counters *c = &load.counters;
  if (id[0] != viewer->room || id[1] >= load.rooms[viewer->room].publishers) {
    c->strayed++;
    note_error("viewer %u of room %u received a message of room %llu", viewer->number, viewer->room,
               (unsigned long long)id[0]);
    return;
  }
  switch (ledger_note(&viewer->streams[id[1]], (uint32_t)id[2])) {
  case EARLIER:
    c->earlier++;
    return;
  case DOUBLED:
    if (viewer->replaced_ns != 0 && received_ns < viewer->replaced_ns + overlap_ns) c->overlapped++;
    else c->doubled++;
    return;
  case OUT_OF_ORDER:
    c->out_of_order++;
    break;
  case IN_ORDER:
    break;
  }
  c->arrived++;
  c->last_arrival_ns = received_ns;
  uint64_t took = received_ns > id[3] ? received_ns - id[3] : 0;
  histogram_note(&load.groups[viewer->group].latency_us, took / 1000);
}

unsigned note_deliveries(struct viewer *viewer, const char *text, size_t length, uint64_t received_ns) {
  static const char separators[4] = {'.', '.', '.', '~'};
  const char *at = text, *end = text + length;
  unsigned found = 0;
  /* A server may put several messages into one frame. */
  while ((at = memchr(at, mark, (size_t)(end - at))) != NULL) {
    uint64_t id[4];
    at++;
    for (unsigned n = 0; n < 4; n++) {
      at = number(at, end, separators[n], &id[n]);
      if (at == NULL) {
        load.counters.errors++;
        note_error("a message whose mark is broken: %.*s", (int)(length < 120 ? length : 120), text);
        return found;
      }
    }
    check(viewer, id, received_ns);
    found++;
  }
  return found;
}

void begin_count(struct viewer *viewer) {
  const struct room *room = &load.rooms[viewer->room];
  for (unsigned n = 0; n < room->publishers; n++) {
    uint32_t next = room->senders[n]->sent;
    viewer->streams[n] = (struct stream){.first = next, .next = next};
  }
}

size_t write_content(struct viewer *viewer, char *out, uint64_t sent_ns) {
  static const char filler[] = "a message of ordinary length, as people write them in a chat beside a live stream; ";
  size_t length = (size_t)sprintf(out, "~%u.%u.%u.%llu~ ", viewer->room, viewer->publisher, viewer->sent,
                                  (unsigned long long)sent_ns);
  for (size_t n = 0; length < load.content_bytes; n = (n + 1) % (sizeof filler - 1)) out[length++] = filler[n];
  return length;
}
