/*
 * How fast the machine is at this moment: the same work each time, so that a slow moment isn't taken for a slow server.
 * Prints JSON: rounds of arithmetic over 256 KB per second of the clock and of CPU (the first is lower where others use
 * the processor), and messages of 290 bytes sent and received per CPU-second over a socket pair.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { WORDS = 32 * 1024, PASSES = 3000, MESSAGES = 200 * 1000, MESSAGE_BYTES = 290 };

static double seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t arithmetic(void) {
  static uint64_t words[WORDS];
  uint64_t sum = 88172645463325252u;
  for (int pass = 0; pass < PASSES; pass++) {
    for (int n = 0; n < WORDS; n++) {
      sum ^= sum << 13;
      sum ^= sum >> 7;
      words[n] += sum;
    }
  }
  return sum ^ words[sum % WORDS];
}

static void messages(void) {
  int pair[2];
  char message[MESSAGE_BYTES] = {0};
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1) exit(1);
  for (int n = 0; n < MESSAGES; n++) {
    if (send(pair[0], message, sizeof message, 0) != sizeof message) exit(1);
    if (recv(pair[1], message, sizeof message, MSG_WAITALL) != sizeof message) exit(1);
  }
}

int main(void) {
  double clock = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
  volatile uint64_t result = arithmetic();
  (void)result;
  double rounds = (double)WORDS * PASSES / 1e6;
  double per_second = rounds / (seconds(CLOCK_MONOTONIC) - clock);
  double per_cpu_second = rounds / (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
  cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
  messages();
  printf("{\"millionRoundsPerSecond\":%.1f,\"millionRoundsPerCpuSecond\":%.1f,\"messagesPerCpuSecond\":%.0f}\n",
         per_second, per_cpu_second, MESSAGES / (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu));
  return 0;
}
