import type { Caller } from './credentials.ts';
import type { PolicyContext } from './policy-context.ts';

export type { PolicyContext } from './policy-context.ts';

/** Whether the caller's policies let it make this call. Default is deny; an explicit Deny wins. */
export function authorize(caller: Caller, context: PolicyContext): boolean {
  if (caller.policies.some((policy) => policy.denies.some((applies) => applies(context)))) return false;
  return caller.policies.some((policy) => policy.allows.some((applies) => applies(context)));
}
