import type { Readable } from 'node:stream';

/** Where log objects are read from: a bucket, or a folder that holds the same keys. */
export type LogSource = {
  /** `s3://chat-logs`, or the folder: what messages call it. */
  readonly name: string;
  /**
   * The keys of the objects below a prefix that come after `after`, in the order of their bytes. Ends early when nobody
   * asks for more. Throws a ReplayError when it can't be read.
   */
  keys(prefix: string, after: string): AsyncIterable<string>;
  /** The object's bytes. Rejects, or the stream fails, when they can't be read. */
  open(key: string): Promise<Readable>;
  close(): void;
};
