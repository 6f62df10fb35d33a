/** Text; `min` and `max` count code points, `pattern` holds for the whole string. */
export type StringShape = {
  readonly type: 'string';
  readonly enum?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
};

/** A whole number between two bounds, both included. */
export type IntegerShape = { readonly type: 'integer'; readonly min?: number; readonly max?: number };

/** A moment: in JSON an ISO 8601 text with milliseconds, UTC. */
export type TimestampShape = { readonly type: 'timestamp' };

/** Values of one shape; `min` and `max` count them. */
export type ListShape = {
  readonly type: 'list';
  readonly member: string;
  readonly min?: number;
  readonly max?: number;
};

/** Text to text; `min` and `max` count the entries, `maxBytes` the UTF-8 bytes of all keys and values. */
export type MapShape = {
  readonly type: 'map';
  readonly key: string;
  readonly value: string;
  readonly min?: number;
  readonly max?: number;
  readonly maxBytes?: number;
  /** No key may start with it, in any case. */
  readonly reservedPrefix?: string;
};

/** Named members; of a union exactly one is given. */
export type StructureShape = {
  readonly type: 'structure';
  readonly union?: true;
  readonly required: readonly string[];
  readonly members: Readonly<Record<string, string>>;
};

/** One shape of the service model: constraints as data. Shapes refer to each other by name. */
export type Shape = StringShape | IntegerShape | TimestampShape | ListShape | MapShape | StructureShape;

/** One operation of the service model. */
export type Operation = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** Status of a success; 204 has no body. */
  readonly status: 200 | 204;
  readonly input: string;
  readonly output?: string;
  /** Members that come from the path. */
  readonly uri: readonly string[];
  /** Members that come from the query. */
  readonly query: readonly string[];
};
