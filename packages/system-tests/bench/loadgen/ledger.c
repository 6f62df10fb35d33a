#include "ledger.h"

enum verdict ledger_note(struct stream *s, uint32_t sequence) {
  if (sequence >= s->next) {
    uint32_t skipped = sequence - s->next;
    if (skipped >= 63) {
      s->absent = ~(uint64_t)1;
    } else {
      uint64_t hole = (((uint64_t)1 << skipped) - 1) << 1;
      s->absent = s->absent << (skipped + 1) | hole;
    }
    s->next = sequence + 1;
    return IN_ORDER;
  }
  if (sequence < s->first) return EARLIER;
  uint32_t behind = s->next - 1 - sequence;
  uint64_t bit = behind < 64 ? (uint64_t)1 << behind : 0;
  if (!(s->absent & bit)) return DOUBLED;
  s->absent &= ~bit;
  return OUT_OF_ORDER;
}
