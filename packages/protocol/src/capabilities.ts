/** What a token lets its holder do; each action needs the capability of its name. Without any, it may only receive. */
export const capabilities = ['SEND_MESSAGE', 'DISCONNECT_USER', 'DELETE_MESSAGE'] as const;

/** One capability of a chat token. */
export type Capability = (typeof capabilities)[number];
