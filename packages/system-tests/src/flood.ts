import { type FrameSocket, openFrameSocket } from './frame-socket.ts';

/** One connection that sends without waiting for answers, and counts them by kind. */
export type Flooder = {
  readonly socket: FrameSocket;
  /** Sends one message. */
  send(): void;
  sent(): number;
  /** Its own messages that it got back. */
  confirmed(): number;
  /** ERROR frames by their code. */
  errors(): ReadonlyMap<number, number>;
};

/** Connects a flooder; `name` marks its messages and must differ from other flooders' names. */
export async function openFlooder(url: string, token: string, name: string): Promise<Flooder> {
  let sent = 0;
  const errors = new Map<number, number>();
  let confirmed = 0;
  const own = `"RequestId":"${name}"`;
  const socket = await openFrameSocket(url, token, {
    onText: (payload) => {
      const text = payload.toString();
      if (text.startsWith('{"Type":"ERROR"')) {
        const { ErrorCode: code } = JSON.parse(text) as { ErrorCode: number };
        errors.set(code, (errors.get(code) ?? 0) + 1);
      } else if (text.includes(own)) confirmed++;
    },
  });
  const request = JSON.stringify({ Action: 'SEND_MESSAGE', Content: 'flood', RequestId: name });
  return {
    socket,
    send: () => {
      sent++;
      socket.sendText(request);
    },
    sent: () => sent,
    confirmed: () => confirmed,
    errors: () => errors,
  };
}

/** Lets all of them send `perSecond` messages each for `seconds`, spread evenly; late on a busy machine it catches up. */
export function flood(flooders: readonly Flooder[], perSecond: number, seconds: number): Promise<void> {
  const start = performance.now();
  let rounds = 0;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const elapsed = Math.min((performance.now() - start) / 1000, seconds);
      for (; rounds < elapsed * perSecond; rounds++) for (const flooder of flooders) flooder.send();
      if (elapsed < seconds) return;
      clearInterval(timer);
      resolve();
    }, 5);
  });
}

/** Answers (confirmations and errors) that all of them have got. */
export function answersOf(flooders: readonly Flooder[]): number {
  return flooders.reduce((sum, flooder) => sum + flooder.confirmed() + errorsOf(flooder), 0);
}

function errorsOf(flooder: Flooder): number {
  return [...flooder.errors().values()].reduce((sum, count) => sum + count, 0);
}
