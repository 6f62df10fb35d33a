#pragma once
#include <stdint.h>

/*
 * Counts of values in log-linear buckets: 64 to each power of two, so a quantile is off by 1.6 % at most, however many
 * values there are, and noting one costs a few instructions.
 */
enum { SUB_BUCKETS = 64, BUCKETS = SUB_BUCKETS * 40 };

struct histogram {
  uint64_t counts[BUCKETS];
  uint64_t total;
  uint64_t max;
};

void histogram_note(struct histogram *h, uint64_t value);

/* The value that `part` (0..1) of all values don't exceed; 0 when there are none. */
uint64_t histogram_quantile(const struct histogram *h, double part);

void histogram_clear(struct histogram *h);
