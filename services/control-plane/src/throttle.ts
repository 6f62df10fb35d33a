import type { AccountQuotas } from '@roomstream/store/quotas';
import { perSecondOf } from '@roomstream/store/rate-names';
import type { Store } from '@roomstream/store/store';
import { internalError, type ResourceType, throttled } from './errors.ts';
import type { OperationName } from './model/operations.ts';

/** A refusal after this long is a command that has timed out (runtime/redis.ts: after 1 s). */
const silenceMs = 900;

/** What a call is about, for the error's members. */
export type Throttled = { readonly account: string; readonly arn: string | undefined };

/**
 * Takes one call of the operation's rate ("API Call Rate Quotas" in the guide; DeleteMessage and DisconnectUser share
 * theirs with the gateways). Throws ThrottlingException when the account has used it up, also where the
 * model forgot to list it. When Redis is away nothing is granted, and the error says that it is our fault.
 */
export async function throttle(
  store: Store,
  quotas: AccountQuotas,
  operation: OperationName,
  about: Throttled,
): Promise<void> {
  const perSecond = perSecondOf(quotas, operation);
  const startedMs = performance.now();
  if ((await store.rates.take(about.account, operation, perSecond)) > 0) return;
  // A Redis that is frozen looks connected, and refuses by silence.
  const isAway = store.notReady().length > 0 || performance.now() - startedMs > silenceMs;
  if (isAway) throw internalError();
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
