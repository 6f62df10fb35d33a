import { encodeTime } from '@roomstream/protocol/frames';
import type { LoggingConfiguration } from '@roomstream/store/records';
import { arnOf } from '../access.ts';
import type { Call } from '../call.ts';
import type { Value } from '../model/shapes.ts';

/** A logging configuration as every operation shows it. */
export function renderLoggingConfiguration(
  call: Call,
  configuration: LoggingConfiguration,
): Value<'CreateLoggingConfigurationResponse'> {
  return {
    arn: arnOf(call, 'logging-configuration', configuration.id),
    id: configuration.id,
    name: configuration.name,
    createTime: encodeTime(configuration.createTimeMs),
    updateTime: encodeTime(configuration.updateTimeMs),
    destinationConfiguration: configuration.destination,
    state: configuration.state,
    tags: configuration.tags,
  };
}
