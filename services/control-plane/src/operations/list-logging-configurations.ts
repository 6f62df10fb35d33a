import type { ListPosition } from '@roomstream/store/record-walk';
import { allowOnAll } from '../access.ts';
import type { Call } from '../call.ts';
import type { Input, Output } from '../model/shapes.ts';
import { defaultPage } from './page.ts';
import { renderLoggingConfiguration } from './render-logging-configuration.ts';

/** Lists the account's logging configurations. */
export async function listLoggingConfigurations(
  call: Call,
  input: Input<'ListLoggingConfigurations'>,
): Promise<Output<'ListLoggingConfigurations'>> {
  allowOnAll(call, 'logging-configuration');
  const { store, pageTokens } = call.services;
  const { account } = call.caller;
  const scope = { operation: 'ListLoggingConfigurations', account, filters: [] };
  const after = input.nextToken ? pageTokens.open<ListPosition>(scope, input.nextToken) : undefined;
  const page = await store.loggingConfigurations.list(account, input.maxResults ?? defaultPage, after);
  return {
    loggingConfigurations: page.loggingConfigurations.map((each) => renderLoggingConfiguration(call, each)),
    nextToken: page.next && pageTokens.seal(scope, page.next),
  };
}
