import { Counter, Rate, Trend } from 'k6/metrics';

/** From sending to receiving, at the probes. */
export const delivery = new Trend('chat_delivery_ms', true);
/** From sending to receiving it back, at the chatters. */
export const echo = new Trend('chat_echo_ms', true);
/** Of CreateChatToken. */
export const tokenTime = new Trend('chat_token_ms', true);
/** From opening a WebSocket to its being open. */
export const connectTime = new Trend('chat_connect_ms', true);
/** Attempts to connect that succeeded. */
export const joined = new Rate('chat_joined');
/** Messages that chatters sent. */
export const sent = new Counter('chat_sent');
/** Messages that connections received, of chatters of this test. */
export const received = new Counter('chat_received');
/** Messages that a connection should have received and hasn't. */
export const missing = new Counter('chat_missing');
/** Messages that a connection received twice. */
export const doubles = new Counter('chat_doubles');
/** Messages that came after a later one of the same sender. */
export const disorder = new Counter('chat_disorder');
/** What went wrong, by `code`: that of an ERROR frame, or `token`, `connect`, `closed`, `unconfirmed`, `script`. */
export const errors = new Counter('chat_errors');

const counters = [sent, received, missing, doubles, disorder, errors];

/** To be called in setup(): a counter that nothing was added to isn't shown, and its threshold passes. */
export function beginCounters(...others: readonly Counter[]): void {
  for (const counter of [...counters, ...others]) counter.add(0);
}

/** What holds in every scenario in which messages are sent. */
export function deliveryThresholds(p99Ms: number): Record<string, string[]> {
  return {
    chat_delivery_ms: [`p(99)<${p99Ms}`],
    chat_joined: ['rate==1'],
    chat_received: ['count>0'],
    chat_missing: ['count==0'],
    chat_doubles: ['count==0'],
    chat_disorder: ['count==0'],
    chat_errors: ['count==0'],
  };
}

/** Counts a failure and says the first of its kind in this virtual user. */
export function fail(code: string, why: string): void {
  errors.add(1, { code });
  if (told.has(code)) return;
  told.add(code);
  console.error(`${code}: ${why}`);
}

const told = new Set<string>();
