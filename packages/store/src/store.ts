import type { Log } from '@roomstream/runtime/log';
import type { Registry } from '@roomstream/runtime/metrics';
import type { RedisAccess } from '@roomstream/runtime/redis';
import { type ConnectionSlots, openConnectionSlots } from './connection-slots.ts';
import { type LoggingConfigurations, openLoggingConfigurations } from './logging-configurations.ts';
import type { Quotas } from './quotas.ts';
import { RateWindows } from './rate-windows.ts';
import { openRates, type Rates } from './rates.ts';
import { openRecordsConnection } from './records-connection.ts';
import { openRooms, type Rooms } from './rooms.ts';
import { bringUpToDate } from './schema.ts';
import { SendPermits } from './send-permits.ts';

/** Records, rates and slots of all accounts, in one Redis. */
export type Store = {
  readonly rooms: Rooms;
  readonly loggingConfigurations: LoggingConfigurations;
  readonly rates: Rates;
  /** The connection slots of one gateway; `gatewayId` must be new at each start of a process. */
  connectionSlots(gatewayId: string): ConnectionSlots;
  /** The SendMessage permits of one gateway. */
  sendPermits(): SendPermits;
  /** Reasons against traffic. */
  notReady(): readonly string[];
  close(): Promise<void>;
};

/** What a store needs. */
export type StoreOptions = {
  readonly access: RedisAccess;
  readonly quotas: Quotas;
  readonly log: Log;
  readonly registry: Registry;
};

/**
 * Connects to Redis and waits, up to 5 seconds, until it answers; then brings records of an older layout up to date. Rejects
 * with NewerRecords when a later version of Roomstream has written them.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { log, registry } = options;
  const connection = openRecordsConnection(options.access, log, registry);
  const windows = new RateWindows(connection);
  try {
    await connection.ready();
    await bringUpToDate(connection, log);
  } catch (error) {
    await connection.close();
    throw error;
  }
  return {
    rooms: openRooms(connection),
    loggingConfigurations: openLoggingConfigurations(connection),
    rates: openRates(windows),
    connectionSlots: (gatewayId) => openConnectionSlots(connection, options.quotas, gatewayId, log),
    sendPermits: () => new SendPermits(windows, options.quotas, log),
    notReady: () => (connection.isUp() ? [] : ['Redis of records is away']),
    close: connection.close,
  };
}
