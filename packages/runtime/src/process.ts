import type { Registry } from 'prom-client';
import { type Admin, openAdmin } from './admin.ts';
import { type Log, logLevel, openLog } from './log.ts';
import { openMetrics } from './metrics.ts';
import { openReadiness } from './readiness.ts';
import type { Service, Surroundings } from './service.ts';
import { integer, port, text } from './setting-kinds.ts';
import { readSettings, type Settings, SettingsError, type SettingsTable } from './settings.ts';

/** Settings that every process has. */
export const processSettings = {
  logLevel,
  adminHost: text({ env: 'ROOMSTREAM_ADMIN_HOST', fallback: '0.0.0.0', about: 'Address of the admin port.' }),
  adminPort: port({
    env: 'ROOMSTREAM_ADMIN_PORT',
    fallback: '8090',
    about: 'Port of /healthz, /readyz and /metrics.',
  }),
  stopSeconds: integer(
    {
      env: 'ROOMSTREAM_STOP_SECONDS',
      fallback: '45',
      about: 'Longest graceful stop; after it the process ends at once.',
    },
    1,
    3600,
  ),
} satisfies SettingsTable;

/**
 * Runs one service as a process: settings from the environment, log, metrics, admin port, signals. Wrong settings end
 * it with one message; SIGTERM and SIGINT stop it gracefully; an error that nobody handled ends it.
 */
export async function runProcess<T extends typeof processSettings & SettingsTable>(
  name: string,
  table: T,
  start: (settings: Settings<T>, surroundings: Surroundings) => Promise<Service>,
): Promise<void> {
  const settings = readOrExit(table);
  const common = settings as unknown as Settings<typeof processSettings>;
  const log = openLog(name, common.logLevel);
  endOnUnhandled(log);
  const registry: Registry = openMetrics();
  let service: Service;
  let admin: Admin;
  try {
    service = await start(settings, { log, registry });
    openReadiness(registry, [service]);
    admin = await openAdmin(common.adminHost, common.adminPort, service.page ?? registry, [service]);
  } catch (err) {
    if (err instanceof SettingsError) refuse(err);
    log.fatal({ err }, `${name} could not start: ${(err as Error).message}`);
    process.exit(1);
  }
  onStopSignal(async (signal) => {
    log.info({ signal }, `${name} stops`);
    setTimeout(() => process.exit(1), common.stopSeconds * 1000).unref();
    await service.stop();
    await admin.close();
    log.info(`${name} has stopped`);
    process.exit(0);
  });
  // Whoever reads this may stop it at once.
  log.info({ port: service.port, adminPort: admin.port }, `${name} is up`);
}

/** Reads settings; wrong ones end the process with exit status 2 and one message that names them all. */
export function readOrExit<T extends SettingsTable>(table: T): Settings<T> {
  try {
    return readSettings(table);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    refuse(error);
  }
}

/** Says what is wrong with the settings, and ends the process with exit status 2. */
export function refuse(error: SettingsError): never {
  process.stderr.write(`${error.message}\n`);
  process.exit(2);
}

/** A signal this soon after the first is the same Ctrl-C: the terminal sends it to all, and npm passes it on as well. */
const sameWishMs = 1_000;

/** Calls `stop` at the first SIGTERM or SIGINT; another one, a second or more later, ends the process at once. */
export function onStopSignal(stop: (signal: string) => Promise<void>): void {
  let firstAt: number | undefined;
  const handle = (signal: string) => {
    if (firstAt !== undefined) {
      if (performance.now() - firstAt >= sameWishMs) process.exit(1);
      return;
    }
    firstAt = performance.now();
    stop(signal).catch((error: Error) => {
      process.stderr.write(`${error.stack ?? error.message}\n`);
      process.exit(1);
    });
  };
  process.on('SIGTERM', handle);
  process.on('SIGINT', handle);
}

/** An unhandled error means that state is unknown: say so and end; whoever supervises starts anew. */
export function endOnUnhandled(log: Log): void {
  const end = (err: unknown) => {
    log.fatal({ err }, 'unhandled error; the process ends');
    process.exit(1);
  };
  process.on('unhandledRejection', end);
  process.on('uncaughtException', end);
}
