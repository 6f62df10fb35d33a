import { setTimeout as delay } from 'node:timers/promises';
import {
  type ChatTokenCapability,
  CreateChatTokenCommand,
  type IvschatClient,
  ThrottlingException,
} from '@aws-sdk/client-ivschat';

/** Which tokens: `count` in all, the rooms taking turns. */
export type MintOrder = {
  readonly rooms: readonly string[];
  readonly count: number;
  readonly capabilities: readonly ChatTokenCapability[];
};

/** A token, and who it is for. */
export type Minted = {
  readonly room: string;
  readonly userId: string;
  readonly token: string;
  readonly expiresMs: number;
};

const atOnce = 32;

/** Mints tokens as fast as the account's rate lets it; the n-th is of the room n modulo their number. Rejects when the API refuses. */
export async function mintTokens(client: IvschatClient, order: MintOrder): Promise<readonly Minted[]> {
  const minted: Minted[] = [];
  let next = 0;
  const lane = async () => {
    while (next < order.count) {
      const n = next++;
      minted[n] = await mint(
        client,
        order.rooms[n % order.rooms.length] ?? '',
        `user-${n}`,
        order.capabilities,
      );
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return minted;
}

/** When the first of them expires; Infinity when there are none. */
export function firstExpiryMs(tokens: readonly Pick<Minted, 'expiresMs'>[]): number {
  return tokens.reduce((first, { expiresMs }) => Math.min(first, expiresMs), Number.POSITIVE_INFINITY);
}

async function mint(
  client: IvschatClient,
  room: string,
  userId: string,
  capabilities: readonly ChatTokenCapability[],
): Promise<Minted> {
  const command = new CreateChatTokenCommand({
    roomIdentifier: room,
    userId,
    capabilities: [...capabilities],
  });
  for (;;) {
    try {
      const { token = '', tokenExpirationTime } = await client.send(command);
      return { room, userId, token, expiresMs: tokenExpirationTime?.getTime() ?? 0 };
    } catch (error) {
      // 200 a second by default: it is only a matter of patience.
      if (!(error instanceof ThrottlingException)) throw error;
      await delay(100 + Math.random() * 400);
    }
  }
}
