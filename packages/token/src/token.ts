import type { Attributes } from '@roomstream/protocol/attributes';
import type { Capability } from '@roomstream/protocol/capabilities';

/** What a chat token says: who may join which room, as whom, with what rights and until when. */
export type ChatToken = {
  /** Twelve characters of `[a-zA-Z0-9]`; marks the token as used (`TokenClaims`). */
  readonly id: string;
  /** Twelve digits. */
  readonly account: string;
  /** The room's id, twelve characters. */
  readonly room: string;
  readonly userId: string;
  /** At most 1 KB of keys and values (contract: chat tokens); CreateChatToken sees to it. */
  readonly attributes: Attributes;
  readonly capabilities: readonly Capability[];
  /** Milliseconds since the epoch: from then on no handshake takes it. */
  readonly tokenExpiresMs: number;
  /** Milliseconds since the epoch: then the session that it opened ends. */
  readonly sessionExpiresMs: number;
};
