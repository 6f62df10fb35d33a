import { WebSocket } from 'k6/websockets';
import { connectTime, fail, joined } from './metrics.ts';

/** A frame of the messaging reference, as far as load tests look at it. */
export type Frame = {
  readonly Type: 'MESSAGE' | 'EVENT' | 'ERROR';
  readonly Id: string;
  readonly RequestId?: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly EventName?: string;
  readonly ErrorCode?: number;
  readonly ErrorMessage?: string;
};

/** How a connection ended: by goodbye from here or there (a close frame), sent away (ERROR 401), lost, or never open. */
export type Ending = 'closed' | 'sent-away' | 'lost' | 'refused';

/** What happens on a connection; `onEnd` comes last and once, without `onOpen` when it couldn't be opened. */
export type Handlers = {
  onOpen?(connection: Connection): void;
  onFrame?(frame: Frame, connection: Connection): void;
  onEnd?(ending: Ending): void;
};

/** One WebSocket of a user in a room. */
export class Connection {
  readonly #socket: WebSocket;
  #ending: Ending | undefined;
  #openedMs = 0;

  /** The token is offered as the subprotocol, as official clients do. */
  constructor(url: string, token: string, handlers: Handlers) {
    const begun = Date.now();
    // The declaration says that protocols aren't supported; they are.
    this.#socket = new WebSocket(url, [token] as unknown as null, { tags: { name: 'gateway' } });
    this.#socket.onopen = () => {
      this.#openedMs = Date.now();
      connectTime.add(this.#openedMs - begun);
      joined.add(true);
      if (this.#ending === undefined) handlers.onOpen?.(this);
      else this.#socket.close();
    };
    this.#socket.onmessage = (event) => {
      const frame = JSON.parse(String(event?.data)) as Frame;
      if (frame.Type === 'ERROR' && frame.ErrorCode === 401) this.#ending = 'sent-away';
      handlers.onFrame?.(frame, this);
      if (this.#ending === 'sent-away') this.#socket.close();
    };
    this.#socket.onerror = (event) => {
      this.#ending ??= this.#openedMs === 0 ? 'refused' : 'lost';
      if (this.#ending !== 'refused') return;
      joined.add(false);
      fail('connect', String(event?.error));
    };
    // The declaration leaves the event out. Without a close frame there is no code, or 1006.
    this.#socket.onclose = ((event?: { readonly code?: number }) => {
      const code = event?.code ?? 1006;
      handlers.onEnd?.(this.#ending ?? (code === 1006 ? 'lost' : 'closed'));
    }) as () => void;
  }

  /** When it was open, milliseconds since the epoch; 0 before. */
  get openedMs(): number {
    return this.#openedMs;
  }

  /** Whether frames can be sent. */
  isOpen(): boolean {
    return Number(this.#socket.readyState) === 1;
  }

  /** Sends an action; false when the connection isn't open. */
  send(action: Readonly<Record<string, unknown>>): boolean {
    if (!this.isOpen()) return false;
    this.#socket.send(JSON.stringify(action));
    return true;
  }

  /** Says goodbye; as soon as it is open where it isn't yet, since k6 hangs on closing what it can't open. */
  leave(): void {
    this.#ending ??= 'closed';
    if (this.isOpen()) this.#socket.close();
  }
}

/** Counts an ERROR frame under its code. */
export function countError(frame: Frame): void {
  fail(`${frame.ErrorCode}`, frame.ErrorMessage ?? '');
}
