import type { Bus } from '@roomstream/bus/bus';
import type { Log } from '@roomstream/runtime/log';
import type { LogRefusals } from '@roomstream/store/log-refusals';
import type { AccountQuotas, Quotas } from '@roomstream/store/quotas';
import type { Store } from '@roomstream/store/store';
import type { TokenKeys } from '@roomstream/token/token-keys';
import type { Caller, Credentials } from './auth/credentials.ts';
import type { OperationName } from './every-operation.ts';
import type { PageTokens } from './page-token.ts';
import type { RoomAnnouncer } from './room-announcer.ts';

/** What operations work with. */
export type Services = {
  readonly region: string;
  readonly credentials: Credentials;
  readonly quotas: Quotas;
  readonly store: Store;
  readonly bus: Bus;
  /** Records of one logging configuration that may wait on one shard. */
  readonly logBacklogRecords: number;
  readonly logRefusals: LogRefusals;
  /** Messages of a page of ListMessages at most. */
  readonly mostMessages: number;
  readonly tokenKeys: TokenKeys;
  readonly pageTokens: PageTokens;
  readonly announcer: RoomAnnouncer;
  readonly log: Log;
};

/** One call that has been authenticated, validated and throttled; the operation still has to authorise it. */
export type Call = {
  readonly operation: OperationName;
  readonly caller: Caller;
  readonly quotas: AccountQuotas;
  readonly services: Services;
};
