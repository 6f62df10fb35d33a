import { openBus } from '@roomstream/bus/bus';
import { cloudWatchLogsAccess } from '@roomstream/cloudwatch/cloudwatch-settings';
import { startExporter } from '@roomstream/cloudwatch/exporter';
import type { Service, Surroundings } from '@roomstream/runtime/service';
import { type Settings, SettingsError } from '@roomstream/runtime/settings';
import { shareRedis } from '@roomstream/runtime/shared-redis';
import { openLogRefusals } from '@roomstream/store/log-refusals';
import { openQuotas } from '@roomstream/store/quotas';
import { recordsAccess } from '@roomstream/store/records-settings';
import { openStore } from '@roomstream/store/store';
import { openTokenKeys } from '@roomstream/token/token-keys';
import { additionShapes } from './additions/shapes.ts';
import { openApi } from './api.ts';
import { openAudit } from './audit.ts';
import { openCredentials } from './auth/credentials.ts';
import { startRoomSweeper, startTrimmer } from './housekeeping.ts';
import { openControlPlaneMetrics } from './metrics.ts';
import { pageTokens } from './page-token.ts';
import { pageTokenSecret } from './page-token-secret.ts';
import { RoomAnnouncer } from './room-announcer.ts';
import { startServer } from './server.ts';
import { controlPlaneSettings } from './settings.ts';
import { openTlsCertificate } from './tls-certificate.ts';
import { startStreamWatch } from './watch-streams.ts';

type ControlPlaneSettings = Settings<typeof controlPlaneSettings>;

/**
 * Starts the control plane: the API over HTTP, the removal of unused rooms and the trimming of streams.
 * Rejects when a part can't be opened; what was open by then is closed.
 */
export async function startControlPlane(
  settings: ControlPlaneSettings,
  surroundings: Surroundings,
): Promise<Service> {
  const closers: (() => unknown)[] = [];
  const closeAll = async () => {
    // Last opened, first closed; one that fails doesn't keep the others open.
    for (const close of closers.splice(0).reverse()) {
      try {
        await close();
      } catch (err) {
        surroundings.log.warn({ err }, 'a part of the control plane could not be closed');
      }
    }
  };
  const keep = <T>(part: T, close: (part: T) => unknown): T => {
    closers.push(() => close(part));
    return part;
  };
  try {
    return await open(settings, surroundings, keep, closeAll);
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function open(
  settings: ControlPlaneSettings,
  surroundings: Surroundings,
  keep: <T>(part: T, close: (part: T) => unknown) => T,
  closeAll: () => Promise<void>,
): Promise<Service> {
  const { log, registry } = surroundings;
  const certificate = await openCertificate(settings, surroundings);
  if (certificate !== undefined) keep(certificate, (part) => part.close());
  const credentials = keep(openCredentials(settings.credentialsFile, log), (part) => part.close());
  const tokenKeys = keep(await openTokenKeys(settings, surroundings), (part) => part.close());
  const quotas = keep(await openQuotas(settings, log), (part) => part.close());
  const access = recordsAccess(settings);
  const store = keep(await openStore({ access, quotas, log, registry }), (part) => part.close());
  const redis = keep(shareRedis(access, log, registry), (part) => part.close());
  const { shards, logBacklogRecords } = settings;
  const bus = keep(await openBus({ access: settings, shards, logBacklogRecords, log, registry }), (part) =>
    part.close(),
  );
  const announcer = keep(new RoomAnnouncer(bus, log), (part) => part.close());
  const metrics = openControlPlaneMetrics(registry);
  keep(startTrimmer(bus, metrics, settings.streamRetentionSeconds * 1000, log), (part) => part.stop());
  keep(startStreamWatch(bus, redis.client, metrics, log), (part) => part.stop());
  if (settings.cloudWatchMetrics) {
    const exporter = startExporter({
      access: cloudWatchLogsAccess.read(settings, settings.region),
      logGroup: settings.cloudWatchLogGroup,
      namespaces: { chat: settings.cloudWatchNamespace, usage: settings.cloudWatchUsageNamespace },
      commands: bus.commands,
      periodSeconds: settings.cloudWatchPeriodSeconds,
      registry,
      log,
    });
    keep(exporter, (part) => part.stop());
  }
  if (settings.unusedRoomMonths > 0) {
    const sweeper = startRoomSweeper(store, announcer, metrics, settings.unusedRoomMonths, log);
    keep(sweeper, (part) => part.stop());
  }
  const services = {
    region: settings.region,
    credentials,
    quotas,
    store,
    bus,
    logBacklogRecords,
    mostMessages: Math.min(settings.historyMostMessages, additionShapes.MaxMessageResults.max),
    logRefusals: openLogRefusals({ registry, log, region: settings.region }),
    tokenKeys,
    pageTokens: pageTokens(await pageTokenSecret(redis.client)),
    announcer,
    log,
  };
  const api = openApi(services, metrics, openAudit(log));
  const server = keep(await startServer(api, { ...settings, certificate, log }), (part) =>
    part.stop(settings.stopDelaySeconds * 1000),
  );
  let stopping: Promise<void> | undefined;
  return {
    name: 'control-plane',
    port: server.port,
    notReady: () => [
      ...(stopping === undefined ? [] : ['stopping']),
      ...store.notReady(),
      ...bus.notReady(),
      ...tokenKeys.notReady(),
    ],
    stop: () => {
      stopping ??= closeAll();
      return stopping;
    },
  };
}

function openCertificate(settings: ControlPlaneSettings, { log }: Surroundings) {
  const { tlsCertFile, tlsKeyFile } = settings;
  if (tlsCertFile === undefined && tlsKeyFile === undefined) return undefined;
  if (tlsCertFile !== undefined && tlsKeyFile !== undefined) {
    return openTlsCertificate(tlsCertFile, tlsKeyFile, log);
  }
  const { tlsCertFile: cert, tlsKeyFile: key } = controlPlaneSettings;
  throw new SettingsError([`${cert.env} and ${key.env} must be set together`]);
}
