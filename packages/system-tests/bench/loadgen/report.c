#include "report.h"
#include "load.h"
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static double cpu_at_reset;

static double cpu_seconds(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
         (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

void reset_report(void) {
  memset(&load.counters, 0, sizeof load.counters);
  histogram_clear(&load.handshake_us);
  for (unsigned g = 0; g < MOST_GROUPS; g++) histogram_clear(&load.groups[g].latency_us);
  for (unsigned n = 0; n < load.viewer_count; n++) {
    struct viewer *viewer = load.viewers[n];
    if (viewer->streams == NULL) continue;
    begin_count(viewer);
  }
  load.last_error[0] = '\0';
  cpu_at_reset = cpu_seconds();
}

struct count {
  const char *name;
  uint64_t value;
};

static void print_counts(const struct count *counts, size_t length) {
  for (size_t n = 0; n < length; n++) printf("\"%s\":%llu,", counts[n].name, (unsigned long long)counts[n].value);
}

static void print_text(const char *name, const char *text) {
  printf("\"%s\":\"", name);
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\') printf("\\%c", *text);
    else if (*text >= ' ' && *text < 127) putchar(*text);
    else putchar(' ');
  }
  printf("\"}\n");
}

static void print_latency(const struct histogram *h) {
  printf("{\"count\":%llu,\"p50\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f}", (unsigned long long)h->total,
         (double)histogram_quantile(h, 0.5) / 1e3, (double)histogram_quantile(h, 0.99) / 1e3,
         (double)histogram_quantile(h, 0.999) / 1e3, (double)h->max / 1e3);
}

/* What both lines say of connections. */
static void print_connections(void) {
  const struct counters *c = &load.counters;
  const struct count counts[] = {{"open", load.open}, {"opened", c->handshakes}, {"failed", c->failed_handshakes}};
  print_counts(counts, sizeof counts / sizeof *counts);
  printf("\"cpuSeconds\":%.4f,\"handshakeMs\":", cpu_seconds() - cpu_at_reset);
  print_latency(&load.handshake_us);
  putchar(',');
}

void print_opened(double seconds) {
  putchar('{');
  print_connections();
  printf("\"seconds\":%.4f,", seconds);
  print_text("lastError", load.last_error);
}

void print_report(double seconds, double took_seconds) {
  const struct counters *c = &load.counters;
  const struct count counts[] = {
      {"sent", c->sent}, {"unsendable", c->unsendable}, {"refused", c->refused},
      {"expected", c->expected}, {"delivered", c->arrived},
      {"missing", c->expected > c->arrived ? c->expected - c->arrived : 0},
      {"earlier", c->earlier}, {"doubled", c->doubled}, {"outOfOrder", c->out_of_order},
      {"strayed", c->strayed}, {"overlapped", c->overlapped}, {"errors", c->errors},
      {"closed", c->closed}, {"slowCut", c->slow_cut}, {"replaced", c->replaced},
      {"tokensMissing", c->tokens_missing}, {"frames", c->frames}, {"frameBytes", c->frame_bytes},
      {"reads", c->reads}, {"readBytes", c->read_bytes},
  };
  putchar('{');
  print_counts(counts, sizeof counts / sizeof *counts);
  print_connections();
  printf("\"seconds\":%.3f,\"tookSeconds\":%.4f,\"mostLateMs\":%.3f,\"latencyMs\":[", seconds, took_seconds,
         (double)c->most_late_ns / 1e6);
  for (unsigned g = 0; g < load.group_count; g++) {
    if (g > 0) putchar(',');
    print_latency(&load.groups[g].latency_us);
  }
  printf("],");
  print_text("lastError", load.last_error);
}
