import type { AccountQuotas, QuotaName } from './quotas.ts';

/** The quota that bounds each rate: calls of an operation, or actions of the messaging API, in an account. */
const quotaOfRate = {
  CreateChatToken: 'createChatTokenPerSecond',
  DeleteMessage: 'deleteMessagePerSecond',
  DisconnectUser: 'disconnectUserPerSecond',
  SendEvent: 'sendEventPerSecond',
  SendMessage: 'sendMessagePerSecond',
  CreateRoom: 'roomOperationPerSecond',
  GetRoom: 'roomOperationPerSecond',
  UpdateRoom: 'roomOperationPerSecond',
  DeleteRoom: 'roomOperationPerSecond',
  ListRooms: 'roomOperationPerSecond',
  ListMessages: 'listMessagesPerSecond',
  CreateLoggingConfiguration: 'loggingConfigurationOperationPerSecond',
  GetLoggingConfiguration: 'loggingConfigurationOperationPerSecond',
  UpdateLoggingConfiguration: 'loggingConfigurationOperationPerSecond',
  DeleteLoggingConfiguration: 'loggingConfigurationOperationPerSecond',
  ListLoggingConfigurations: 'loggingConfigurationOperationPerSecond',
  TagResource: 'tagOperationPerSecond',
  UntagResource: 'tagOperationPerSecond',
  ListTagsForResource: 'tagOperationPerSecond',
} as const satisfies Record<string, QuotaName>;

/** What is counted per account and second. DeleteMessage and DisconnectUser count over both APIs. */
export type RateName = keyof typeof quotaOfRate;

/** How many per second an account has. */
export function perSecondOf(quotas: AccountQuotas, rate: RateName): number {
  return quotas[quotaOfRate[rate]];
}
