import { type AuthFault, authFault } from './auth-fault.ts';

/** When a request was signed. */
export type RequestTime = {
  readonly kind: 'time';
  /** The header that says it; it must be signed. */
  readonly header: 'x-amz-date' | 'date';
  /** `YYYYMMDDTHHMMSSZ`, as in the string to sign. */
  readonly stamp: string;
  /** Milliseconds since the epoch. */
  readonly ms: number;
};

const basicFormat = /^([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z$/;
const httpDate = /^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$/;

/** Reads `x-amz-date` or, without it, `date`. */
export function requestTime(headers: ReadonlyMap<string, string>): RequestTime | AuthFault {
  const amzDate = headers.get('x-amz-date');
  const text = amzDate ?? headers.get('date');
  if (text === undefined) {
    return authFault(
      'IncompleteSignature',
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    );
  }
  const ms = basicTime(text) ?? (amzDate === undefined ? httpTime(text) : undefined);
  if (ms === undefined) {
    return authFault(
      'IncompleteSignature',
      "Date must be in ISO-8601 'basic format', such as 20260131T235959Z.",
    );
  }
  return { kind: 'time', header: amzDate === undefined ? 'date' : 'x-amz-date', stamp: basicStamp(ms), ms };
}

function basicTime(text: string): number | undefined {
  const match = basicFormat.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  // Date.UTC lets 31 February pass as 3 March: only what renders to itself is a date.
  return basicStamp(ms) === text ? ms : undefined;
}

function httpTime(text: string): number | undefined {
  if (!httpDate.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) || new Date(ms).toUTCString() !== text ? undefined : ms;
}

function basicStamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}
