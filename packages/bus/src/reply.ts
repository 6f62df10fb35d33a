/** The connection that an answer is for: a session of a gateway. */
export type ReplyAddress = {
  /** The gateway's id, new at each of its starts. */
  readonly gateway: string;
  /** The session's number at that gateway. */
  readonly session: number;
};

/** An answer for one connection. */
export type Reply = ReplyAddress & { readonly frame: Buffer };

/** Renders the body of a `reply` entry: `<gateway id> <session number>\n<frame>`. */
export function encodeReply(address: ReplyAddress, frame: string): string {
  return `${address.gateway} ${address.session}\n${frame}`;
}

/** Reads the body of a `reply` entry; undefined when it isn't one. The frame shares the body's memory. */
export function decodeReply(body: Buffer): Reply | undefined {
  const newline = body.indexOf(0x0a);
  const [gateway = '', number = ''] = body.toString('latin1', 0, Math.max(newline, 0)).split(' ');
  const session = Number(number);
  if (newline === -1 || gateway === '' || number === '' || !Number.isSafeInteger(session)) return undefined;
  return { gateway, session, frame: body.subarray(newline + 1) };
}
