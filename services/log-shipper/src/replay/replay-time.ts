const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

const relative = /^-([0-9]{1,9})([smhdw])$/;
const absolute =
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$/;

/** What `readTime` takes, for messages. */
export const timeForms =
  'a time such as 2026-11-22T17:40:00Z, a date such as 2026-11-22, now, or how long ago it was: -90s, -30m, -1h, -2d, -1w';

/**
 * Milliseconds since the epoch of an ISO 8601 time or date, `now`, or a time ago (`-1h`); UTC where it names no zone, as
 * the logs are. undefined when it is none of these.
 */
export function readTime(text: string, nowMs: number): number | undefined {
  if (text === 'now') return nowMs;
  const ago = relative.exec(text);
  if (ago !== null) return nowMs - Number(ago[1]) * unitMs[ago[2] as keyof typeof unitMs];
  const match = absolute.exec(text);
  if (match === null || !isOnCalendar(text)) return undefined;
  const isWithoutZone = match[1] !== undefined && match[4] === undefined;
  const ms = Date.parse(isWithoutZone ? `${text}Z` : text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Date.parse makes 2 March of 30 February. */
function isOnCalendar(text: string): boolean {
  const date = text.slice(0, 10);
  const ms = Date.parse(date);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date);
}
