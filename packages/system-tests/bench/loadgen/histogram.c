#include "histogram.h"
#include <string.h>

static unsigned bucket_of(uint64_t value) {
  if (value < SUB_BUCKETS) return (unsigned)value;
  /* The highest bit says which power of two, the six bits below it which of its buckets. */
  unsigned shift = 63u - (unsigned)__builtin_clzll(value) - 6u;
  unsigned bucket = (shift + 1) * SUB_BUCKETS + (unsigned)((value >> shift) - SUB_BUCKETS);
  return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static uint64_t highest_of(unsigned bucket) {
  if (bucket < SUB_BUCKETS) return bucket;
  unsigned shift = bucket / SUB_BUCKETS - 1;
  return ((uint64_t)(bucket % SUB_BUCKETS + SUB_BUCKETS + 1) << shift) - 1;
}

void histogram_note(struct histogram *h, uint64_t value) {
  h->counts[bucket_of(value)]++;
  h->total++;
  if (value > h->max) h->max = value;
}

uint64_t histogram_quantile(const struct histogram *h, double part) {
  uint64_t wanted = (uint64_t)(part * (double)h->total + 0.5), seen = 0;
  if (wanted == 0) wanted = 1;
  for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
    seen += h->counts[bucket];
    if (seen >= wanted) {
      uint64_t value = highest_of(bucket);
      return value < h->max ? value : h->max;
    }
  }
  return h->max;
}

void histogram_clear(struct histogram *h) { memset(h, 0, sizeof *h); }
