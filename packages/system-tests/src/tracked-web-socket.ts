import WebSocket from 'ws';

/** When one connection of an official client was open. */
export type ConnectionLife = { readonly openedMs: number; closedMs: number | undefined };

const livesByToken = new Map<string, ConnectionLife>();

/** `ws` with a note of when each connection opened and closed; nothing of its behaviour differs. */
class TrackedWebSocket extends WebSocket {
  constructor(url: string, token: string) {
    super(url, token);
    this.on('open', () => {
      const life: ConnectionLife = { openedMs: performance.now(), closedMs: undefined };
      livesByToken.set(token, life);
      this.on('close', () => {
        life.closedMs = performance.now();
      });
    });
  }
}

/** Gives the official client the `WebSocket` global that browsers have and Node 20 lacks. */
export function provideWebSocket(): void {
  Object.assign(globalThis, { WebSocket: TrackedWebSocket });
}

/** The life of the connection that was opened with a token; undefined when none was. */
export function connectionLife(token: string): ConnectionLife | undefined {
  return livesByToken.get(token);
}
