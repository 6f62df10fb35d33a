#include "connection.h"
#include "clock.h"
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 256 * 1024, EVENTS = 512, MOST_ANSWER_BYTES = 16 * 1024, SLOW_RECEIVE_BYTES = 4096 };

static int epoll = -1;
/* One for all connections: what doesn't end within a read waits in the connection's `rest`. */
static char buffer[READ_BYTES + MOST_FRAME_BYTES + MOST_HEADER_BYTES];
/* Freed after the turn: its events may still be in the batch. */
static struct connection *gone;

/* RFC 6455's own example: every handshake may use the same key, and the right answer is known beforehand. */
static const char key[] = "dGhlIHNhbXBsZSBub25jZQ==", accept_of_key[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

void connections_begin(void) {
  epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll == -1) die("epoll_create1: %s", strerror(errno));
}

static void watch(struct connection *c, int operation) {
  /* A slow reader reads nothing once it is open; that it is cut it still learns. */
  int is_reading = !(c->viewer->is_slow && c->state == OPEN);
  struct epoll_event event = {.data.ptr = c};
  event.events = (is_reading ? EPOLLIN : 0) | EPOLLRDHUP;
  if (c->state == CONNECTING || c->unsent_length > 0) event.events |= EPOLLOUT;
  if (epoll_ctl(epoll, operation, c->fd, &event) == -1) die("epoll_ctl: %s", strerror(errno));
}

static int is_opening(const struct connection *c) { return c->state < OPEN; }

/* Closes the socket, counting what that means in the state it is in. */
static void end(struct connection *c, const char *why) {
  if (c->state == GONE) return;
  struct viewer *viewer = c->viewer;
  if (is_opening(c)) {
    load.opening--;
    load.counters.failed_handshakes++;
    note_error("handshake of viewer %u: %s", viewer->number, why);
  } else if (c->state == OPEN) {
    load.open--;
    if (viewer->is_slow) load.counters.slow_cut++;
    else {
      load.counters.closed++;
      note_error("connection of viewer %u: %s", viewer->number, why);
    }
  }
  if (viewer->current == c) viewer->current = NULL;
  if (viewer->coming == c) viewer->coming = NULL;
  c->state = GONE;
  close(c->fd);
  c->next_gone = gone;
  gone = c;
}

static void flush(struct connection *c) {
  size_t sent = 0;
  while (sent < c->unsent_length) {
    ssize_t n = send(c->fd, c->unsent + sent, c->unsent_length - sent, MSG_NOSIGNAL);
    if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (n == -1) return end(c, strerror(errno));
    sent += (size_t)n;
  }
  c->unsent_length -= sent;
  memmove(c->unsent, c->unsent + sent, c->unsent_length);
  watch(c, EPOLL_CTL_MOD);
}

static void send_bytes(struct connection *c, const char *bytes, size_t length) {
  ssize_t n = 0;
  if (c->unsent_length == 0) {
    n = send(c->fd, bytes, length, MSG_NOSIGNAL);
    if (n == -1 && errno != EAGAIN && errno != EWOULDBLOCK) return end(c, strerror(errno));
    if (n == -1) n = 0;
    if ((size_t)n == length) return;
  }
  size_t left = length - (size_t)n;
  c->unsent = must_alloc(c->unsent, c->unsent_length + left);
  memcpy(c->unsent + c->unsent_length, bytes + n, left);
  c->unsent_length += left;
  watch(c, EPOLL_CTL_MOD);
}

void connection_send(struct connection *c, enum opcode opcode, const char *payload, size_t length) {
  static char frame[64 * 1024];
  if (c->state == GONE) return;
  if (length + MOST_HEADER_BYTES > sizeof frame) die("a frame of %zu bytes is more than this load sends", length);
  send_bytes(c, frame, wire_write(frame, opcode, payload, length));
}

static struct token *take_token(struct viewer *viewer) {
  struct token *token = viewer->tokens;
  if (token == NULL) return NULL;
  viewer->tokens = token->next;
  if (viewer->tokens == NULL) viewer->last_token = &viewer->tokens;
  return token;
}

static void request_upgrade(struct connection *c) {
  char path[128], request[24 * 1024], protocol[20 * 1024] = "";
  const struct dialect *dialect = load.dialect;
  dialect->path(c->viewer, path, sizeof path);
  if (dialect->has_tokens) {
    struct token *token = take_token(c->viewer);
    if (token == NULL) {
      load.counters.tokens_missing++;
      return end(c, "no token is left for it");
    }
    int written = snprintf(protocol, sizeof protocol, "Sec-WebSocket-Protocol: %s\r\n", token->text);
    free(token);
    if (written >= (int)sizeof protocol) die("a token is too long");
  }
  int length = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n%s\r\n",
                        path, key, protocol);
  c->state = UPGRADING;
  watch(c, EPOLL_CTL_MOD);
  send_bytes(c, request, (size_t)length);
}

void connection_open(struct viewer *viewer) {
  struct connection *c = must_alloc(NULL, sizeof *c);
  memset(c, 0, sizeof *c);
  c->viewer = viewer;
  c->state = CONNECTING;
  c->begun_ns = now_ns();
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd == -1) die("socket: %s (see ulimit -n)", strerror(errno));
  int on = 1, small = SLOW_RECEIVE_BYTES;
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (viewer->is_slow) setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  viewer->coming = c;
  load.opening++;
  const struct sockaddr_in *target = &load.targets[viewer->target];
  int outcome = connect(c->fd, (const struct sockaddr *)target, sizeof *target);
  if (outcome == -1 && errno != EINPROGRESS) return end(c, strerror(errno));
  watch(c, EPOLL_CTL_ADD);
}

void connection_give_up(struct viewer *viewer) {
  if (viewer->coming != NULL) end(viewer->coming, "no answer");
}

/* The old connection ends as official clients end it: a close frame, and what is unread doesn't count any more. */
static void leave(struct connection *c) {
  static const char normal[2] = {(char)(1000 >> 8), (char)(1000 & 0xff)};
  connection_send(c, OP_CLOSE, normal, sizeof normal);
  if (c->state == GONE) return;
  c->state = LEAVING;
  load.open--;
  load.counters.replaced++;
}

static void begin_streams(struct viewer *viewer) {
  const struct room *room = &load.rooms[viewer->room];
  if (viewer->was_open || viewer->is_slow) return;
  viewer->was_open = 1;
  load.rooms[viewer->room].checked++;
  viewer->streams = must_alloc(NULL, (room->publishers + 1) * sizeof *viewer->streams);
  begin_count(viewer);
}

void connection_is_open(struct connection *c) {
  struct viewer *viewer = c->viewer;
  if (!is_opening(c)) return;
  uint64_t now = now_ns();
  histogram_note(&load.handshake_us, (now - c->begun_ns) / 1000);
  load.counters.handshakes++;
  load.opening--;
  load.open++;
  c->state = OPEN;
  begin_streams(viewer);
  struct connection *old = viewer->current;
  viewer->current = c;
  viewer->coming = NULL;
  if (old != NULL) {
    viewer->replaced_ns = now;
    leave(old);
  }
  if (viewer->is_slow) watch(c, EPOLL_CTL_MOD);
}

/* Reads the HTTP answer; returns its bytes, 0 when it isn't complete, -1 when the connection has ended. */
static long read_answer(struct connection *c, const char *bytes, size_t length) {
  const char *stop = memmem(bytes, length, "\r\n\r\n", 4);
  if (stop == NULL) {
    if (length < MOST_ANSWER_BYTES) return 0;
    end(c, "its answer has no end");
    return -1;
  }
  size_t head = (size_t)(stop - bytes) + 4;
  if (length < 12 || memcmp(bytes, "HTTP/1.1 101", 12) != 0) {
    char why[160];
    snprintf(why, sizeof why, "%.*s", (int)(length < sizeof why ? length : sizeof why - 1), bytes);
    end(c, why);
    return -1;
  }
  if (memmem(bytes, head, accept_of_key, sizeof accept_of_key - 1) == NULL) {
    end(c, "its Sec-WebSocket-Accept is wrong");
    return -1;
  }
  c->state = JOINING;
  if (load.dialect->greet == NULL) connection_is_open(c);
  else load.dialect->greet(c);
  return c->state == GONE ? -1 : (long)head;
}

static void handle_frame(struct connection *c, const struct frame *frame, uint64_t received_ns) {
  if (frame->opcode == OP_PING) return connection_send(c, OP_PONG, frame->payload, frame->length);
  if (frame->opcode == OP_CLOSE) {
    unsigned code = frame->length < 2 ? 1005 : (unsigned char)frame->payload[0] << 8 | (unsigned char)frame->payload[1];
    char why[48];
    snprintf(why, sizeof why, "closed by the server with %u", code);
    return end(c, why);
  }
  if (frame->opcode == OP_PONG || c->state == LEAVING) return;
  if (frame->opcode != OP_TEXT || !frame->is_final) return end(c, "a frame that no server here should send");
  load.counters.frames++;
  load.counters.frame_bytes += frame->length;
  if (c->state == OPEN && note_deliveries(c->viewer, frame->payload, frame->length, received_ns) > 0) {
    if (!load.dialect->is_lines) return;
  }
  load.dialect->hear(c, frame->payload, frame->length);
}

/* Takes all that is complete from the bytes; returns how many that were, -1 when the connection has ended. */
static long take(struct connection *c, const char *bytes, size_t length, uint64_t received_ns) {
  size_t taken = 0;
  if (c->state == UPGRADING) {
    long head = read_answer(c, bytes, length);
    if (head <= 0) return head;
    taken = (size_t)head;
  }
  while (taken < length) {
    struct frame frame;
    long bytes_of_frame = wire_read(bytes + taken, length - taken, &frame);
    if (bytes_of_frame == 0) break;
    if (bytes_of_frame == -1) {
      end(c, "bytes that are no frame");
      return -1;
    }
    handle_frame(c, &frame, received_ns);
    if (c->state == GONE) return -1;
    taken += (size_t)bytes_of_frame;
  }
  return (long)taken;
}

static void keep_rest(struct connection *c, const char *bytes, size_t length) {
  if (length == 0) {
    free(c->rest);
    c->rest = NULL;
  } else {
    c->rest = must_alloc(c->rest, length);
    memcpy(c->rest, bytes, length);
  }
  c->rest_length = length;
}

static void on_readable(struct connection *c) {
  if (c->rest_length > 0) memcpy(buffer, c->rest, c->rest_length);
  ssize_t n = recv(c->fd, buffer + c->rest_length, READ_BYTES, 0);
  if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
  if (n == -1) return end(c, strerror(errno));
  if (n == 0) return end(c, "dropped by the server without a close frame");
  load.counters.reads++;
  load.counters.read_bytes += (uint64_t)n;
  size_t length = c->rest_length + (size_t)n;
  long taken = take(c, buffer, length, now_ns());
  if (taken == -1) return;
  keep_rest(c, buffer + taken, length - (size_t)taken);
}

static void on_writable(struct connection *c) {
  if (c->state != CONNECTING) return flush(c);
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return end(c, strerror(error));
  request_upgrade(c);
}

static void bury(void) {
  while (gone != NULL) {
    struct connection *c = gone;
    gone = c->next_gone;
    free(c->rest);
    free(c->unsent);
    free(c);
  }
}

void connections_turn(int most_ms) {
  struct epoll_event events[EVENTS];
  int count = epoll_wait(epoll, events, EVENTS, most_ms);
  if (count == -1 && errno != EINTR) die("epoll_wait: %s", strerror(errno));
  for (int n = 0; n < count; n++) {
    struct connection *c = events[n].data.ptr;
    if (c->state == GONE) continue;
    if (events[n].events & EPOLLIN) on_readable(c);
    else if (events[n].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) end(c, "cut");
    if (c->state != GONE && events[n].events & EPOLLOUT) on_writable(c);
  }
  bury();
}
