/** A request as the signature covers it: nothing decoded, nothing normalised. */
export type HttpRequest = {
  readonly method: string;
  /** The path as received, without the query. */
  readonly rawPath: string;
  /** The query as received, without the question mark; empty when there is none. */
  readonly rawQuery: string;
  /** Lower-case names; the values of a repeated header joined by `,` as received. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** Whether the caller reached us over TLS: the server's own, or that of a proxy whose word we take. */
  readonly isTls: boolean;
};
