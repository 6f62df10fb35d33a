import { type ChatTokenCapability, type CreateRoomRequest, Ivschat } from '@aws-sdk/client-ivschat';
import type { Fleet } from '@roomstream/testing/fleet';
import type { FleetProcess } from '@roomstream/testing/fleet-process';

/** What an application's backend hands to its clients: CreateChatToken's answer after a trip through JSON. */
export type TokenAnswer = {
  readonly token: string;
  readonly tokenExpirationTime: string;
  readonly sessionExpirationTime: string;
};

/** Who a token is for. */
export type TokenOrder = {
  readonly roomIdentifier: string;
  readonly userId: string;
  readonly capabilities?: readonly ChatTokenCapability[];
  readonly attributes?: Readonly<Record<string, string>>;
  readonly sessionDurationInMinutes?: number;
};

/** Every capability. */
export const everyCapability: readonly ChatTokenCapability[] = [
  'SEND_MESSAGE',
  'DELETE_MESSAGE',
  'DISCONNECT_USER',
];

/** The control plane as applications reach it: through the AWS SDK. */
export type Api = {
  readonly client: Ivschat;
  /** The new room's ARN. */
  createRoom(room?: CreateRoomRequest): Promise<string>;
  /** Mints a token; by default it may do everything. */
  mint(order: TokenOrder): Promise<TokenAnswer>;
  /** The token alone. */
  token(roomIdentifier: string, userId: string): Promise<string>;
  close(): void;
};

/** Opens the AWS SDK's client on a control plane. */
export function openApi(fleet: Fleet, controlPlane: FleetProcess | undefined = fleet.controlPlanes[0]): Api {
  if (controlPlane === undefined) throw new Error('the fleet has no control plane');
  const client = new Ivschat({
    endpoint: controlPlane.url,
    region: fleet.region,
    credentials: fleet.credentials,
    // A test on a loaded machine mustn't fail because one reply was slow.
    maxAttempts: 5,
  });
  const mint = async (order: TokenOrder): Promise<TokenAnswer> => {
    const { capabilities = everyCapability, attributes, ...rest } = order;
    const answer = await client.createChatToken({
      ...rest,
      capabilities: [...capabilities],
      ...(attributes === undefined ? {} : { attributes: { ...attributes } }),
    });
    const { token, tokenExpirationTime, sessionExpirationTime } = answer;
    if (token === undefined || tokenExpirationTime === undefined || sessionExpirationTime === undefined) {
      throw new Error('CreateChatToken answered without one of its three members');
    }
    return {
      token,
      tokenExpirationTime: tokenExpirationTime.toISOString(),
      sessionExpirationTime: sessionExpirationTime.toISOString(),
    };
  };
  return {
    client,
    createRoom: async (room = {}) => {
      const { arn } = await client.createRoom(room);
      if (arn === undefined) throw new Error('CreateRoom answered without arn');
      return arn;
    },
    mint,
    token: async (roomIdentifier, userId) => (await mint({ roomIdentifier, userId })).token,
    close: () => client.destroy(),
  };
}
