/**
 * What an entry of a room stream is: `frame` is for every connection of the room, `disconnect` for every connection of
 * one user in it, `room-changed` for the caches of gateways, `reply` for one connection (body: reply.ts). With a `probe` a
 * gateway asks others whether a user's connections are alive, and `answer` is what they say; the bus doesn't look into either.
 */
export type EntryKind = 'frame' | 'disconnect' | 'room-changed' | 'reply' | 'probe' | 'answer';

/** An entry as it is published. */
export type Entry = {
  readonly kind: EntryKind;
  /** Twelve digits. */
  readonly account: string;
  /** The room's id, twelve characters. */
  readonly room: string;
  /** Twelve characters, new for each entry: readers drop a second entry of the same kind, room and id. */
  readonly id: string;
  /** The finished frame, the userId of a disconnect, '' of a room-changed, what encodeReply makes, or what gateways ask and answer. */
  readonly body: string;
};

/** An entry as it is received. */
export type Received = {
  readonly kind: EntryKind;
  readonly account: string;
  readonly room: string;
  readonly id: string;
  /** Its id in the stream, `<milliseconds of Redis time>-<sequence>`. */
  readonly entryId: string;
  /** UTF-8; shares memory with its neighbours, so copy what is kept for long. */
  readonly body: Buffer;
};

// <kind 1><account 12><room 12><id 12><body>: fixed widths, so that routing is a slice and not a parser.
const accountAt = 1;
/** Where the room's id begins, and where it ends. */
export const roomAt = 13;
export const idAt = 25;

/** Where the body begins; what stands before it identifies the entry. */
export const bodyAt = 37;

const letters = {
  frame: 'F',
  disconnect: 'D',
  'room-changed': 'C',
  reply: 'R',
  probe: 'P',
  answer: 'A',
} as const satisfies Record<EntryKind, string>;

/** Renders an entry as the stream holds it. Throws on an account, room or id of another width: that is a bug. */
export function encodeEntry(entry: Entry): string {
  const text = `${letters[entry.kind]}${entry.account}${entry.room}${entry.id}`;
  if (text.length !== bodyAt || entry.room.length !== 12 || entry.id.length !== 12) {
    throw new Error(
      `account, room and id of an entry have 12 characters each: ${JSON.stringify(text)} (${entry.kind})`,
    );
  }
  return text + entry.body;
}

/** The user whom an encoded entry disconnects, if it is one of these. */
export function disconnectedBy(encoded: string | undefined): string | undefined {
  return encoded?.startsWith(letters.disconnect) === true ? encoded.slice(bodyAt) : undefined;
}

/** What identifies the entry that begins at `start`: everything but its body. */
export function identityOf(bytes: Buffer, start: number): string {
  return bytes.toString('latin1', start, start + bodyAt);
}

/** Reads the entry between two offsets; undefined when its kind is unknown (a newer version wrote it). */
export function decodeEntry(
  bytes: Buffer,
  start: number,
  end: number,
  entryId: string,
): Received | undefined {
  const kind = kindOf(bytes[start]);
  if (kind === undefined || end - start < bodyAt) return undefined;
  return {
    kind,
    account: bytes.toString('latin1', start + accountAt, start + roomAt),
    room: bytes.toString('latin1', start + roomAt, start + idAt),
    id: bytes.toString('latin1', start + idAt, start + bodyAt),
    entryId,
    body: bytes.subarray(start + bodyAt, end),
  };
}

function kindOf(letter: number | undefined): EntryKind | undefined {
  switch (letter) {
    case 0x46:
      return 'frame';
    case 0x44:
      return 'disconnect';
    case 0x43:
      return 'room-changed';
    case 0x52:
      return 'reply';
    case 0x50:
      return 'probe';
    case 0x41:
      return 'answer';
    default:
      return undefined;
  }
}
