import { openLoggingConfiguration } from '../access.ts';
import type { Call } from '../call.ts';
import type { Input, Output } from '../model/shapes.ts';
import { renderLoggingConfiguration } from './render-logging-configuration.ts';

/** Shows a logging configuration. */
export async function getLoggingConfiguration(
  call: Call,
  input: Input<'GetLoggingConfiguration'>,
): Promise<Output<'GetLoggingConfiguration'>> {
  return renderLoggingConfiguration(call, await openLoggingConfiguration(call, input.identifier));
}
