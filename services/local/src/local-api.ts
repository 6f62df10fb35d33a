import { IvschatClient } from '@aws-sdk/client-ivschat';
import { ReplayError } from '@roomstream/log-shipper/replay/replay-error';
import { PassingError, PlainError } from './plain-error.ts';
import type { Running } from './running-file.ts';

/** The API of a running local instance, as an application has it. `otherwise` says what to do where there is no key. */
export function localApi({ controlPlaneUrl, region, key }: Running, otherwise: string): IvschatClient {
  if (key === undefined)
    throw new PlainError(`This Roomstream has a credentials file of your own: ${otherwise}.`);
  return new IvschatClient({ endpoint: controlPlaneUrl, region, credentials: key });
}

/** Awaits calls of the API; rejects with a PlainError that says what went wrong. */
export async function inWords<T>({ controlPlaneUrl }: Running, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    // Worded already.
    if (error instanceof PlainError || error instanceof ReplayError) throw error;
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
