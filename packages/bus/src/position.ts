/** A place in a stream, as numbers: comparing texts of ids is slow and wrong. */
export type Position = { readonly ms: number; readonly seq: number };

/** Before every entry. */
export const origin: Position = { ms: 0, seq: 0 };

/** Reads a stream id, `<ms>-<seq>`. */
export function parsePosition(id: string): Position {
  const dash = id.indexOf('-');
  return { ms: Number(id.slice(0, dash)), seq: Number(id.slice(dash + 1)) };
}

/** Renders a stream id. */
export function formatPosition(position: Position): string {
  return `${position.ms}-${position.seq}`;
}

/** Whether `a` stands before `b`. */
export function isBefore(a: Position, b: Position): boolean {
  return a.ms < b.ms || (a.ms === b.ms && a.seq < b.seq);
}

/** The place right before `position`. */
export function justBefore(position: Position): Position {
  if (position.seq > 0) return { ms: position.ms, seq: position.seq - 1 };
  return position.ms === 0 ? origin : { ms: position.ms - 1, seq: 0xffff_ffff };
}

/** The place right behind `position`. */
export function justBehind({ ms, seq }: Position): Position {
  return { ms, seq: seq + 1 };
}
