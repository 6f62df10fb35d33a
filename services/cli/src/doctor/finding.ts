/** What an examination has found. */
export type Finding = {
  /** What was tried: `Redis of streams`, `bucket logs`. */
  readonly about: string;
  /** `fault`: something doesn't work, or loses data; `warning`: it may. */
  readonly verdict: 'ok' | 'warning' | 'fault';
  /** In plain words, without a period at the end. */
  readonly says: string;
  /** What to do about it; not for what is ok. */
  readonly remedy?: string;
};

/** All is well. */
export function ok(about: string, says: string): Finding {
  return { about, verdict: 'ok', says };
}

/** Something may go wrong. */
export function warning(about: string, says: string, remedy: string): Finding {
  return { about, verdict: 'warning', says, remedy };
}

/** Something is wrong. */
export function fault(about: string, says: string, remedy: string): Finding {
  return { about, verdict: 'fault', says, remedy };
}
