/** Where the frames of a room are logged besides, and what becomes of them when too many wait there. */
export type LogTarget = {
  /** The logging configuration's id, twelve characters. */
  readonly configuration: string;
  /**
   * When as many of its records wait on a shard as ROOMSTREAM_LOG_BACKLOG_RECORDS allows: `block` refuses the publish,
   * `drop-oldest` lets the oldest go, counted, `exceed` adds to them: for what may neither be refused nor take others' place.
   */
  readonly whenFull: 'block' | 'drop-oldest' | 'exceed';
};

const letters = { block: 'b', 'drop-oldest': 'd', exceed: 'e' } as const;

/** Renders where entries are logged as the scripts take it (lua/add-entries.lua); '' for nowhere. */
export function encodeLogs(targets: readonly LogTarget[], backlogRecords: number): string {
  if (targets.length === 0) return '';
  const texts = targets.map(({ configuration, whenFull }) => letters[whenFull] + configuration);
  return `${backlogRecords} ${texts.join('')}`;
}

/** Whose queues they are. */
export function configurationsOf(targets: readonly LogTarget[]): string[] {
  return targets.map(({ configuration }) => configuration);
}

const configurationPattern = /^[0-9A-Za-z]{12}$/;

/** Throws on a malformed id of a configuration, which scripts or workers would misread: that is a bug. */
export function checkLogTargets(targets: readonly LogTarget[]): void {
  for (const { configuration } of targets) {
    if (!configurationPattern.test(configuration)) {
      throw new Error(
        `the id of a logging configuration has 12 characters, letters and digits: ${JSON.stringify(configuration)}`,
      );
    }
  }
}

/** Whether a value, of unknown origin, is a list of targets. */
export function isLogTargets(value: unknown): value is readonly LogTarget[] {
  return Array.isArray(value) && value.every(isLogTarget);
}

function isLogTarget(value: unknown): boolean {
  const { configuration, whenFull } = (value ?? {}) as { readonly [K in keyof LogTarget]?: unknown };
  return (
    typeof configuration === 'string' &&
    configurationPattern.test(configuration) &&
    typeof whenFull === 'string' &&
    Object.hasOwn(letters, whenFull)
  );
}
