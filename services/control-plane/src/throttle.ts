import type { AccountQuotas } from '@roomstream/store/quotas';
import { perSecondOf } from '@roomstream/store/rate-names';
import type { CallPermits } from './call-permits.ts';
import { type ResourceType, throttled } from './errors.ts';
import type { OperationName } from './every-operation.ts';

/** What a call is about, for the error's members. */
export type Throttled = { readonly account: string; readonly arn: string | undefined };

/**
 * Takes one call of the operation's rate ("API Call Rate Quotas" in the guide; DeleteMessage and DisconnectUser share
 * theirs with the gateways). Throws ThrottlingException when the account has used it up, also where the
 * model forgot to list it; rejects with StoreUnavailable when Redis is away.
 */
export async function throttle(
  permits: CallPermits,
  quotas: AccountQuotas,
  operation: OperationName,
  about: Throttled,
): Promise<void> {
  const perSecond = perSecondOf(quotas, operation);
  if (await permits.take(about.account, operation, perSecond)) return;
  throw throttled(operation, typeOf(operation, about.arn), idOf(about), perSecond);
}

function typeOf(operation: OperationName, arn: string | undefined): ResourceType {
  const isLogging =
    arn === undefined ? operation.includes('Logging') : arn.includes(':logging-configuration/');
  return isLogging ? 'LOGGING_CONFIGURATION' : 'ROOM';
}

/** The resource's id, or the account where the call names none. */
function idOf(about: Throttled): string {
  return about.arn?.split('/').at(-1) ?? about.account;
}
