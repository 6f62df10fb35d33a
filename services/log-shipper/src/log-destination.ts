/** A message or event on its way to a destination. */
export type LogRecord = {
  /** Id of its entry in the log queue: places records in order. */
  readonly entryId: string;
  /** Milliseconds of the entry id, by the clock of Redis: never goes back within a room. */
  readonly ms: number;
  /** ISO 8601 with milliseconds. */
  readonly sendTime: string;
  /** The JSON record, without a newline. */
  readonly line: Buffer;
};

/** The records of one room in a batch. */
export type RoomRecords = {
  /** Twelve digits. */
  readonly account: string;
  readonly room: string;
  /** In the order of the stream, at least one. */
  readonly records: readonly LogRecord[];
};

/** Why a room's records could not be delivered. */
export type FailureReason = 'access-denied' | 'not-found' | 'throttled' | 'timeout' | 'unreachable' | 'error';

/** What became of a room's records. */
export type RoomOutcome =
  | {
      readonly kind: 'delivered';
      /** How many of them the service refused for good; they count as dropped. */
      readonly rejected: number;
    }
  /** Some of them may have been delivered all the same; what is known of that is `taken`. */
  | {
      readonly kind: 'failed';
      readonly reason: FailureReason;
      readonly err: unknown;
      readonly taken?: Taken;
    };

/** The first records of a room that the service has confirmed: they needn't be sent again. */
export type Taken = {
  /** The entry id of the last of them. */
  readonly through: string;
  /** How many of them were refused for good. */
  readonly rejected: number;
};

/** Where the records of one logging configuration go. */
export type LogDestination = {
  readonly kind: 's3' | 'folder' | 'cloudwatch-logs' | 'firehose';
  /** `window`: batches are cut by time and become objects; `live`: each record goes as soon as it is there. */
  readonly pace: 'window' | 'live';
  /**
   * Delivers a batch. One outcome per room, in the same order; never rejects, and ends soon after `signal` aborts.
   * `windowStartMs` is the start of the batch's window (the date in S3 keys); live destinations ignore it.
   */
  deliver(
    rooms: readonly RoomRecords[],
    windowStartMs: number,
    signal: AbortSignal,
  ): Promise<readonly RoomOutcome[]>;
};
