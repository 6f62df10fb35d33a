import {
  CreateChatTokenCommand,
  CreateRoomCommand,
  IvschatClient,
  ListRoomsCommand,
} from '@aws-sdk/client-ivschat';
import { PassingError, PlainError } from './plain-error.ts';
import type { Running } from './running-file.ts';

/** Gives a fresh chat token each time it is asked. */
export type TokenSource = () => Promise<string>;

/** Tokens of a user for the room of a name, which is made when there is none; over the API, as an application does. */
export async function roomTokens(running: Running, roomName: string, userId: string): Promise<TokenSource> {
  if (running.key === undefined)
    throw new PlainError(
      'This Roomstream has a credentials file of your own: make a token with it and give it with --token.',
    );
  const client = new IvschatClient({
    endpoint: running.controlPlaneUrl,
    region: running.region,
    credentials: running.key,
  });
  const roomIdentifier = await inWords(running, findOrCreate(client, roomName));
  return async () => {
    const order = new CreateChatTokenCommand({
      roomIdentifier,
      userId,
      capabilities: ['SEND_MESSAGE', 'DELETE_MESSAGE', 'DISCONNECT_USER'],
    });
    return (await inWords(running, client.send(order))).token ?? '';
  };
}

async function findOrCreate(client: IvschatClient, name: string): Promise<string> {
  const found = await client.send(new ListRoomsCommand({ name, maxResults: 1 }));
  const arn = found.rooms?.[0]?.arn ?? (await client.send(new CreateRoomCommand({ name }))).arn;
  return arn ?? '';
}

async function inWords<T>({ controlPlaneUrl }: Running, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw asPlainError(controlPlaneUrl, error as NodeJS.ErrnoException & { readonly $fault?: string });
  }
}

function asPlainError(url: string, error: NodeJS.ErrnoException & { readonly $fault?: string }): PlainError {
  const { name, message, code = '', $fault } = error;
  if (code === 'ECONNREFUSED') return new PassingError(`Nothing answers at ${url}: start it with npm start.`);
  if (/CERT|UNABLE_TO_/.test(code))
    return new PlainError(
      `The certificate at ${url} isn't trusted (${message}): name the file of its authority with NODE_EXTRA_CA_CERTS.`,
    );
  if ($fault === 'client') return new PlainError(`The API refused: ${name}: ${message}`);
  return new PassingError(`The API at ${url} failed: ${name}: ${message}`);
}
