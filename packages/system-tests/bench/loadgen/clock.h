#pragma once
#include <stdint.h>
#include <time.h>

/* One clock for sending and receiving: both happen in this process, so no two clocks have to agree. */
static inline uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}
