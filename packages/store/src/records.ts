/** What a room's messages are sent to for review. */
export type MessageReviewHandler = {
  /** ARN of a Lambda function. */
  readonly uri: string;
  /** What happens to a message that the handler gave no valid verdict on. */
  readonly fallbackResult: 'ALLOW' | 'DENY';
};

/** Tags of a resource. */
export type Tags = Readonly<Record<string, string>>;

/** A chat room. */
export type Room = {
  /** Twelve digits. */
  readonly account: string;
  /** Unique over all accounts. */
  readonly id: string;
  /** May be empty. */
  readonly name: string;
  /** Milliseconds since the epoch, by the clock of Redis. */
  readonly createTimeMs: number;
  /** Milliseconds since the epoch, by the clock of Redis; never goes back within an account. */
  readonly updateTimeMs: number;
  readonly maximumMessageRatePerSecond: number;
  /** In Unicode code points. */
  readonly maximumMessageLength: number;
  readonly messageReviewHandler: MessageReviewHandler | undefined;
  readonly loggingConfigurationIds: readonly string[];
  readonly tags: Tags;
};

/** Where a logging configuration sends what rooms receive: exactly one of three. */
export type Destination =
  | { readonly s3: { readonly bucketName: string } }
  | { readonly cloudWatchLogs: { readonly logGroupName: string } }
  | { readonly firehose: { readonly deliveryStreamName: string } };

/** A logging configuration. */
export type LoggingConfiguration = {
  /** Twelve digits. */
  readonly account: string;
  readonly id: string;
  /** May be empty. */
  readonly name: string;
  /** Milliseconds since the epoch, by the clock of Redis. */
  readonly createTimeMs: number;
  /** Milliseconds since the epoch, by the clock of Redis; never goes back within an account. */
  readonly updateTimeMs: number;
  readonly destination: Destination;
  readonly state: 'ACTIVE';
  readonly tags: Tags;
};
