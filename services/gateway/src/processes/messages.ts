import type { MetricsSnapshot } from '@roomstream/runtime/merged-metrics';

/** From the supervisor to a process. */
export type ToProcess = { readonly kind: 'stop' } | { readonly kind: 'read-metrics'; readonly read: number };

/** From a process to its supervisor. */
export type FromProcess =
  /** It serves. */
  | { readonly kind: 'up' }
  /** It couldn't start, and ends. `faults`: its settings are wrong. */
  | { readonly kind: 'failed'; readonly message: string; readonly faults: readonly string[] | undefined }
  /** Every `aliveEveryMs`: its event loop turns. */
  | { readonly kind: 'alive'; readonly notReady: readonly string[] }
  /** Its answer to `read-metrics`. */
  | { readonly kind: 'metrics'; readonly read: number; readonly snapshot: MetricsSnapshot };

/** How often a process says that it lives, and what keeps it from being ready. */
export const aliveEveryMs = 500;
