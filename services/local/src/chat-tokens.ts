import {
  CreateChatTokenCommand,
  CreateRoomCommand,
  GetLoggingConfigurationCommand,
  type IvschatClient,
  ListRoomsCommand,
  ResourceNotFoundException,
  UpdateRoomCommand,
} from '@aws-sdk/client-ivschat';
import { inWords, localApi } from './local-api.ts';
import type { Running } from './running-file.ts';

/** Gives a fresh chat token each time it is asked. */
export type TokenSource = () => Promise<string>;

/**
 * Tokens of a user for the newest room of a name, which is made when there is none and is logged unless it has logging
 * configurations of its own; over the API, as an application does.
 */
export async function roomTokens(running: Running, roomName: string, userId: string): Promise<TokenSource> {
  const client = localApi(running, 'make a token with it and give it with --token');
  const roomIdentifier = await inWords(running, loggedRoom(client, running, roomName));
  return async () => {
    const order = new CreateChatTokenCommand({
      roomIdentifier,
      userId,
      capabilities: ['SEND_MESSAGE', 'DELETE_MESSAGE', 'DISCONNECT_USER'],
    });
    return (await inWords(running, client.send(order))).token ?? '';
  };
}

async function loggedRoom(client: IvschatClient, running: Running, name: string): Promise<string> {
  const found = (await client.send(new ListRoomsCommand({ name, maxResults: 1 }))).rooms?.[0];
  if (found?.loggingConfigurationIdentifiers?.length) return found.arn ?? '';
  const loggingConfigurationIdentifiers = await logsOf(client, running);
  const logs = { loggingConfigurationIdentifiers };
  if (found === undefined) return (await client.send(new CreateRoomCommand({ name, ...logs }))).arn ?? '';
  if (loggingConfigurationIdentifiers.length > 0)
    await client.send(new UpdateRoomCommand({ identifier: found.arn, ...logs }));
  return found.arn ?? '';
}

/** None when it was deleted: somebody doesn't want it. */
async function logsOf(client: IvschatClient, { chatLogs }: Running): Promise<string[]> {
  if (chatLogs === undefined) return [];
  try {
    await client.send(new GetLoggingConfigurationCommand({ identifier: chatLogs.arn }));
    return [chatLogs.arn];
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return [];
    throw error;
  }
}
