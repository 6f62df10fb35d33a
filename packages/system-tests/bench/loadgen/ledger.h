#pragma once
#include <stdint.h>

/*
 * What a viewer has received of one publisher: sequence numbers count from 0 without holes. Bit n of `absent` stands for
 * number next - 1 - n and is set while that one hasn't come, so a late one is told from a double.
 */
struct stream {
  uint32_t first; /* what is below it was sent before the count began */
  uint32_t next;
  uint64_t absent;
};

enum verdict {
  IN_ORDER,     /* new, and above all that came before (a hole may have opened below it) */
  OUT_OF_ORDER, /* new, but a higher number came before it */
  EARLIER,      /* sent before the count began: it was on its way */
  DOUBLED,      /* seen before, or more than 64 numbers late */
};

enum verdict ledger_note(struct stream *s, uint32_t sequence);
