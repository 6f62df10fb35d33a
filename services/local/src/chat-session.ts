import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import WebSocket from 'ws';
import type { TokenSource } from './chat-tokens.ts';
import { PassingError } from './plain-error.ts';

/** Where a chat session writes. */
export type ChatOutput = {
  /** What others shall be able to read on in a pipe: messages and events. */
  line(text: string): void;
  /** What only the user needs: states and refusals. */
  note(text: string): void;
};

type ChatOptions = {
  readonly url: string;
  readonly tokens: TokenSource;
  /** Whether a further token can be had when the connection is lost. */
  readonly canReturn: boolean;
  /** Lines to send; undefined to listen until the process is ended. */
  readonly input: Readable | undefined;
  readonly output: ChatOutput;
};

/** A frame of the server, as far as it is shown. */
type Frame = {
  readonly Type: 'MESSAGE' | 'EVENT' | 'ERROR';
  readonly Id: string;
  readonly RequestId?: string;
  readonly Content?: string;
  readonly Sender?: { readonly UserId: string };
  readonly EventName?: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly ErrorCode?: number;
  readonly ErrorMessage?: string;
};

/** How long a lost connection is tried to be had again: a restart takes less. */
const returnWithinMs = 60_000;

/** Far more than anybody who returns is sent again. */
const mostIds = 10_000;

/** One connection and the promise of its end. */
type Connection = { readonly socket: WebSocket; readonly closed: Promise<number> };

/**
 * Joins, prints frames and sends the input's lines one after the other, each after the answer to the one before.
 * Resolves when the input has ended and every line has been answered, or when the server ends the session.
 */
export async function joinChat(options: ChatOptions): Promise<void> {
  const { url, tokens, input, output } = options;
  const answers = new Map<string, () => void>();
  const shown = new Set<string>();
  const show = (frame: Frame) => {
    // Who returns gets again what he may have missed, and drops by Id what he has.
    if (shown.has(frame.Id)) return;
    shown.add(frame.Id);
    if (shown.size > mostIds) shown.delete(shown.values().next().value ?? '');
    print(frame, output);
    if (frame.RequestId !== undefined) answers.get(frame.RequestId)?.();
  };
  const join = async () => connect(url, await tokens(), show);
  let current = await join();
  output.note(`Joined.${input === undefined ? '' : ' Each line that you type is a message.'}`);

  let isOver = false;
  const stay = async () => {
    for (;;) {
      const code = await current.closed;
      // 1000 is the server's wish that this user leaves, or our own; anything else is a loss, and clients return.
      if (code === 1000 || !options.canReturn) return code;
      output.note('The connection is lost; trying to join again…');
      const next = await comeBack(join, () => isOver);
      if (next === undefined) return code;
      current = next;
      output.note('Joined again.');
    }
  };
  const say = async (content: string) => {
    // Everybody in the room sees it in the message, so it must be nobody else's.
    const requestId = randomUUID();
    const { socket, closed } = current;
    const answered = new Promise<true>((resolve) => answers.set(requestId, () => resolve(true)));
    socket.send(JSON.stringify({ Action: 'SEND_MESSAGE', RequestId: requestId, Content: content }), () => {
      // A failure to send is a closed connection, which is told below.
    });
    const isAnswered = await Promise.race([answered, closed.then(() => false)]);
    answers.delete(requestId);
    if (!isAnswered) output.note(`Perhaps not sent, the connection was lost: ${content}`);
  };
  const talk = async (lines: Readable) => {
    for await (const line of createInterface({ input: lines })) if (line.trim() !== '') await say(line);
    current.socket.close(1000);
  };
  const staying = stay();
  const talking = input === undefined ? staying : talk(input).then(() => current.closed);
  try {
    const code = await Promise.race([staying, talking]);
    if (input !== undefined && !input.readableEnded)
      output.note(`The server has ended the session (${code}).`);
  } finally {
    isOver = true;
    // An open terminal would keep the process.
    input?.destroy();
  }
}

/** Tries to join until it works; throws what can't pass or lasts too long. Undefined when nobody wants it any more. */
async function comeBack(
  join: () => Promise<Connection>,
  isOver: () => boolean,
): Promise<Connection | undefined> {
  const deadline = performance.now() + returnWithinMs;
  for (;;) {
    await delay(500 + Math.random() * 500);
    if (isOver()) return undefined;
    try {
      const connection = await join();
      if (!isOver()) return connection;
      connection.socket.close(1000);
      return undefined;
    } catch (error) {
      if (!(error instanceof PassingError) || performance.now() > deadline) throw error;
    }
  }
}

function print(frame: Frame, output: ChatOutput): void {
  if (frame.Type === 'MESSAGE') output.line(`${frame.Sender?.UserId}: ${frame.Content}`);
  else if (frame.Type === 'EVENT')
    output.line(`* ${frame.EventName} ${JSON.stringify(frame.Attributes ?? {})}`);
  else output.note(`error ${frame.ErrorCode}: ${frame.ErrorMessage}`);
}

function connect(url: string, token: string, show: (frame: Frame) => void): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, token);
    const closed = new Promise<number>((end) => socket.once('close', (code) => end(code)));
    socket.once('open', () => resolve({ socket, closed }));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        new PassingError(
          error.code === 'ECONNREFUSED'
            ? `Nothing answers at ${url}: start it with npm start.`
            : `The gateway did not let you in (${error.message}): a token works once, within a minute.`,
        ),
      ),
    );
    socket.on('message', (data) => {
      const frame = JSON.parse(data.toString()) as Frame;
      show(frame);
      // The session is over: clients leave and come back with a new token.
      if (frame.Type === 'ERROR' && frame.ErrorCode === 401) socket.terminate();
    });
  });
}
