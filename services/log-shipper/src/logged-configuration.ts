import type { Log } from '@roomstream/runtime/log';
import { DestinationHealth } from './destination-health.ts';
import type { Lane } from './lane.ts';
import { type ConfigurationBacklog, configurationArn } from './metrics.ts';

/** Above this share of the most that may wait, operators are told; below the other the trouble is over. */
const nearFullRatio = 0.8;
const relaxedRatio = 0.5;

/** What may come with every batch is told once in this time. */
const quietMs = 60_000;

/** A logging configuration that has records to ship. */
export class LoggedConfiguration {
  readonly account: string;
  readonly id: string;
  readonly arn: string;
  /** Its queues, the one that was served longest ago first. */
  readonly lanes = new Set<Lane>();
  readonly health = new DestinationHealth();
  /** Batches that are being read or delivered. */
  underWay = 0;
  /** When it had records last, on the monotonic clock. */
  lastUsedMs = 0;
  readonly #log: Log;
  #isNearFull = false;
  #isDropping = false;
  #isGone = false;
  #reason = '';
  #rejected = 0;
  #quietUntilMs = 0;

  constructor(region: string, account: string, id: string, log: Log) {
    this.account = account;
    this.id = id;
    this.arn = configurationArn(region, account, id);
    this.#log = log.child({ loggingConfiguration: this.arn });
  }

  /** Who holds a part of the buffer: those that fail share what one may have. */
  get holder(): string {
    return this.health.isFailing ? 'failing' : this.arn;
  }

  /** What waits, of which `backlogRecords` may wait in one queue. */
  backlog(redisMs: number, backlogRecords: number): ConfigurationBacklog {
    let [records, oldestMs, fullest] = [0, 0, 0];
    for (const { queue } of this.lanes) {
      if (queue.records === 0) continue;
      records += queue.records;
      oldestMs = Math.max(oldestMs, redisMs - queue.oldestMs);
      fullest = Math.max(fullest, queue.records);
    }
    const fullRatio = fullest / backlogRecords;
    return { arn: this.arn, records, oldestMs, fullRatio, isFailing: this.health.isFailing };
  }

  /** Tells when its queues fill up, and when that is over: once each. */
  watch({ fullRatio, records, oldestMs }: ConfigurationBacklog): void {
    const fields = { fullRatio, records, oldestSeconds: Math.round(oldestMs / 1000) };
    if (!this.#isNearFull && fullRatio >= nearFullRatio) {
      this.#isNearFull = true;
      this.#log.warn(fields, 'the log of a configuration is nearly full; soon its whenFull decides');
    } else if (this.#isNearFull && fullRatio < relaxedRatio) {
      this.#isNearFull = false;
      this.#isDropping = false;
      this.#log.info(fields, 'the log of a configuration has room again');
    }
  }

  /** Records have been dropped since its queue was full. */
  tellDropped(count: number): void {
    if (!this.#isDropping)
      this.#log.error({ count }, 'the log of a configuration is full: its oldest records go');
    this.#isDropping = true;
    // So that the end of it is told, though no poll may have seen the queue full.
    this.#isNearFull = true;
  }

  /** Its destination fails; told when it begins, and when the reason is another one. */
  tellFailing(reason: string, err: unknown, destination: string): void {
    if (reason === this.#reason) return;
    this.#reason = reason;
    this.#log.warn({ reason, err, destination }, 'logs can’t be delivered; retrying');
  }

  /** Its destination works again. */
  tellWorking(destination: string): void {
    this.#reason = '';
    this.#log.info({ destination }, 'logs are delivered again');
  }

  /** Its destination works, but not for some rooms of one queue. */
  tellRoomsFailing(reason: string, err: unknown, destination: string): void {
    this.#log.warn({ reason, err, destination }, 'logs of single rooms can’t be delivered; retrying');
  }

  /** That is over. */
  tellRoomsWorking(): void {
    this.#log.info('logs of rooms that could not be delivered are delivered now');
  }

  /** Its destination has changed. */
  tellMoved(): void {
    this.#reason = '';
    this.#log.info('logs go to another destination from now on');
  }

  /** It was deleted, and nobody knows where its records were to go. */
  tellGone(): void {
    if (!this.#isGone)
      this.#log.warn('the logging configuration was deleted: the records that still wait are dropped');
    this.#isGone = true;
  }

  tellUnreadable(entryIds: readonly string[]): void {
    this.#log.error(
      { count: entryIds.length, entryId: entryIds[0] },
      'entries of a log are no frames; skipped',
    );
  }

  /** Records were refused; told once in a while, with how many since the last time. */
  tellRejected(count: number, destination: string): void {
    this.#rejected += count;
    const nowMs = performance.now();
    if (nowMs < this.#quietUntilMs) return;
    this.#log.warn({ count: this.#rejected, destination }, 'records were refused for good; dropped');
    this.#rejected = 0;
    this.#quietUntilMs = nowMs + quietMs;
  }
}
