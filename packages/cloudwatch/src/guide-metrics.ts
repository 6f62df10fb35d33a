/** A metric of the guide ("CloudWatch Metrics: IVS Chat") that counts something, and our series that has it. */
export type GuideCount = {
  readonly name: string;
  readonly series: string;
  /** The guide's dimension, and the label of ours that is its value. */
  readonly by?: { readonly dimension: string; readonly label: string };
};

const byAction = { dimension: 'Action', label: 'action' } as const;
const byUri = { dimension: 'Uri', label: 'uri' } as const;
const byConfiguration = { dimension: 'LoggingConfiguration', label: 'logging_configuration' } as const;

/** What is counted: gateways know the first four, review workers and log shippers the others. */
export const guideCounts: readonly GuideCount[] = [
  { name: 'Messaging Deliveries', series: 'roomstream_messaging_deliveries_total' },
  { name: 'Messaging Requests', series: 'roomstream_messaging_requests_total' },
  { name: 'Deliveries', series: 'roomstream_deliveries_total', by: byAction },
  { name: 'Requests', series: 'roomstream_requests_total', by: byAction },
  { name: 'InvocationErrors', series: 'roomstream_invocation_errors_total', by: byUri },
  { name: 'ResponseValidationErrors', series: 'roomstream_response_validation_errors_total', by: byUri },
  { name: 'LogDestinationErrors', series: 'roomstream_log_destination_errors_total', by: byConfiguration },
  {
    name: 'LogDestinationAccessDeniedError',
    series: 'roomstream_log_destination_access_denied_errors_total',
    by: byConfiguration,
  },
  {
    name: 'LogDestinationResourceNotFoundErrors',
    series: 'roomstream_log_destination_resource_not_found_errors_total',
    by: byConfiguration,
  },
];

/** The metric that is a level, not a count: the largest number of a minute. */
export const connectionsMetric = {
  name: 'ConcurrentChatConnections',
  series: 'roomstream_concurrent_chat_connections',
} as const;

/** Its copy among the usage metrics ("Service Quotas Integration with CloudWatch Usage Metrics"). */
export const usageMetric = {
  name: 'ResourceCount',
  dimensions: {
    Service: 'IVS Chat',
    Class: 'None',
    Type: 'Resource',
    Resource: connectionsMetric.name,
  },
} as const;
