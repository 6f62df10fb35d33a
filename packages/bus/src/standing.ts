import { formatPosition, type Position, parsePosition } from './position.ts';

/** A place in a shard's stream that can be judged later on (judge.ts). */
export type Standing = {
  readonly position: Position;
  /** Entries that had ever been added to the stream when it ended there. */
  readonly added: number;
  /** Identity (kind, account, room, id) of the entry there; '' when unknown. */
  readonly identity: string;
};

// Identities are letters and digits, unless something foreign was written into the stream.
const pattern = /^(\d{1,15}-\d{1,15}):(\d{1,15}):(\w*)$/;
const plain = /^\w*$/;

/** Renders a standing as `<ms>-<seq>:<added>:<identity>`, without spaces. */
export function formatStanding({ position, added, identity }: Standing): string {
  return `${formatPosition(position)}:${added}:${plain.test(identity) ? identity : ''}`;
}

/** Reads what formatStanding has rendered; undefined when it is something else. */
export function parseStanding(text: string): Standing | undefined {
  const [, id, added, identity] = pattern.exec(text) ?? [];
  if (id === undefined || identity === undefined) return undefined;
  return { position: parsePosition(id), added: Number(added), identity };
}
