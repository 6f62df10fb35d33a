import type { AccountQuotas } from './quotas.ts';
import type { Room } from './records.ts';

/**
 * What happens when as many records of a logging configuration wait as may: `block`: messages and events to its rooms are refused;
 * `drop-oldest`: its oldest records are dropped.
 */
export type WhenFull = 'block' | 'drop-oldest';

/** The words of `WhenFull`. */
export const whenFullWords: readonly WhenFull[] = ['block', 'drop-oldest'];

/** What an account's logging configurations do when they are full. */
export type LogsWhenFull = {
  /** By id of the configuration. */
  readonly own: Readonly<Record<string, WhenFull>>;
  /** Those that `own` doesn't name. */
  readonly others: WhenFull;
};

/** A log that a room's frames go to: the `LogTarget` of the bus, where `exceed` is of no operator's choosing. */
export type RoomLogTarget = { readonly configuration: string; readonly whenFull: WhenFull | 'exceed' };

const none: readonly RoomLogTarget[] = [];

/**
 * Where the frames of a room are logged, and what happens where that is full. On the path of every message: a room
 * without logging costs nothing.
 */
export function logTargets(
  quotas: Pick<AccountQuotas, 'logsWhenFull'>,
  room: Pick<Room, 'loggingConfigurationIds'>,
): readonly RoomLogTarget[] {
  const { loggingConfigurationIds } = room;
  if (loggingConfigurationIds.length === 0) return none;
  const { logsWhenFull } = quotas;
  return loggingConfigurationIds.map((configuration) => ({
    configuration,
    whenFull: logsWhenFull?.own[configuration] ?? logsWhenFull?.others ?? 'drop-oldest',
  }));
}

/**
 * As `logTargets`, for what a moderator does: it is logged like everything else, but no log refuses it. A log that blocks
 * has more records than may wait then; the rates of moderation bound how many.
 */
export function moderationLogTargets(...of: Parameters<typeof logTargets>): readonly RoomLogTarget[] {
  const targets = logTargets(...of);
  if (targets.length === 0) return none;
  return targets.map(({ configuration, whenFull }) => ({
    configuration,
    whenFull: whenFull === 'block' ? 'exceed' : whenFull,
  }));
}
