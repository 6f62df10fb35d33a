/** What a message of a load test carries in its Attributes, so that every receiver can judge what it gets. */
export type Mark = {
  /** One connection of one chatter: another connection is another sender. */
  readonly sender: string;
  /** 1, 2, 3… of the sender. */
  readonly number: number;
  /** When it was sent, milliseconds since the epoch by the clock of the load generator. */
  readonly sentMs: number;
  /** When the sender sent its number 1. */
  readonly begunMs: number;
  /** All numbers up to this one were either confirmed (their sender saw them) or refused when this was sent. */
  readonly settled: number;
  /** The latest refused numbers: nobody gets them. */
  readonly refused: readonly number[];
  /** The sender's last message, sent after all others were settled. */
  readonly isLast: boolean;
  /** Which part of the load it belongs to, for tags; empty when there is one only. */
  readonly step: string;
};

/** Attributes hold 1 KB; as many refused numbers as surely fit. */
export const mostRefused = 80;

/** The mark as Attributes of SEND_MESSAGE. */
export function encodeMark(mark: Mark): Readonly<Record<string, string>> {
  return {
    s: mark.sender,
    n: `${mark.number}`,
    t: `${mark.sentMs}`,
    b: `${mark.begunMs}`,
    k: `${mark.settled}`,
    ...(mark.refused.length === 0 ? {} : { x: mark.refused.slice(-mostRefused).join(' ') }),
    ...(mark.isLast ? { l: '1' } : {}),
    ...(mark.step === '' ? {} : { p: mark.step }),
  };
}

/** The mark of a frame's Attributes; undefined when it is a message of somebody else. */
export function decodeMark(attributes: Readonly<Record<string, string>> | undefined): Mark | undefined {
  const { s, n, t, b, k, x = '', l, p = '' } = attributes ?? {};
  if (s === undefined || n === undefined || t === undefined) return undefined;
  return {
    sender: s,
    number: Number(n),
    sentMs: Number(t),
    begunMs: Number(b),
    settled: Number(k),
    refused: x === '' ? [] : x.split(' ').map(Number),
    isLast: l === '1',
    step: p,
  };
}
