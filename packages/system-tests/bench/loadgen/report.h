#pragma once

/* Forgets what was counted. */
void reset_report(void);

/* After `open`, as a line of JSON. */
void print_opened(double seconds);

/* After `run`, as a line of JSON: over how long it sent, and until when the last message came. */
void print_report(double seconds, double took_seconds);
