import WebSocket from 'ws';

/** When one connection of an official client was open (`performance.now()`), and the texts that came, to the byte. */
export type ConnectionLife = {
  readonly openedMs: number;
  closedMs: number | undefined;
  readonly texts: string[];
};

const livesByToken = new Map<string, ConnectionLife>();
let keepsTexts = true;

/** `ws` with a note of when each connection opened and closed and of what came; nothing of its behaviour differs. */
class TrackedWebSocket extends WebSocket {
  constructor(url: string, token: string) {
    super(url, token);
    this.on('open', () => {
      const life: ConnectionLife = { openedMs: performance.now(), closedMs: undefined, texts: [] };
      livesByToken.set(token, life);
      if (keepsTexts) this.on('message', (data) => life.texts.push(data.toString()));
      this.on('close', () => {
        life.closedMs = performance.now();
      });
    });
  }
}

/**
 * Gives the official client the `WebSocket` global that browsers have and Node 20 lacks. Where millions of frames come,
 * their texts had better not be kept.
 */
export function provideWebSocket(options: { readonly keepsTexts: boolean } = { keepsTexts: true }): void {
  keepsTexts = options.keepsTexts;
  Object.assign(globalThis, { WebSocket: TrackedWebSocket });
}

/** The life of the connection that was opened with a token; undefined when none was. */
export function connectionLife(token: string): ConnectionLife | undefined {
  return livesByToken.get(token);
}
