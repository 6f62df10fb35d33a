import type { Operation } from '../model/shape.ts';

/** Operations that Roomstream has beyond IVS Chat, with their HTTP bindings. No AWS SDK knows them. */
export const additions = {
  ListMessages: {
    method: 'GET',
    path: '/rooms/{roomId}/messages',
    status: 200,
    input: 'ListMessagesRequest',
    uri: ['roomId'],
    query: ['maxResults', 'nextToken', 'events'],
  },
} as const satisfies Readonly<Record<string, Operation>>;
