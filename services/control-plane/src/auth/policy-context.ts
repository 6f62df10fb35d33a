/** What a policy decides about: one call of one operation. */
export type PolicyContext = {
  /** Such as `ivschat:CreateRoom`. */
  readonly action: string;
  /** The ARN that the operation acts on, or `*` where it acts on none. */
  readonly resource: string;
  /** Tags in the request; undefined when the operation takes none. */
  readonly requestTags: Readonly<Record<string, string>> | undefined;
  /** Tags of the resource as it stands; undefined when there is none (yet). */
  readonly resourceTags: Readonly<Record<string, string>> | undefined;
  /** Tag keys in the request: of its tags, or those to remove; undefined when the operation takes none. */
  readonly tagKeys: readonly string[] | undefined;
};
