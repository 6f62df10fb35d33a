import { startControlPlane } from '@roomstream/control-plane/control-plane';
import { startGateway } from '@roomstream/gateway/gateway';
import { startLogShipper } from '@roomstream/log-shipper/log-shipper';
import { startReviewWorker } from '@roomstream/review-worker/review-worker';
import { openAdmin } from '@roomstream/runtime/admin';
import { type Log, openLog } from '@roomstream/runtime/log';
import { mergedMetrics } from '@roomstream/runtime/merged-metrics';
import { openMetrics } from '@roomstream/runtime/metrics';
import { openReadiness } from '@roomstream/runtime/readiness';
import type { Service } from '@roomstream/runtime/service';
import { Registry } from 'prom-client';
import { chatLogsBucket, ensureChatLogs } from './chat-logs.ts';
import { checkRedis } from './check-redis.ts';
import { refuseOpenDoor, writeCredentials } from './credentials.ts';
import { openDataFolder } from './data-folder.ts';
import type { AllSettings } from './local-settings.ts';
import { bucketFolder, notedLogFolders } from './log-folders.ts';
import { PlainError } from './plain-error.ts';
import { checkPorts } from './ports.ts';
import { startRedisChild } from './redis-child.ts';
import { findRedisServer } from './redis-program.ts';
import { type Running, removeRunning, writeRunning } from './running-file.ts';

/** All services in this process, and Redis beside it. */
export type Local = {
  readonly running: Running;
  /** Stops the services, then Redis, then lets go of the data folder. */
  stop(): Promise<void>;
};

/** Starts everything; throws a PlainError for what the user can mend, with nothing left running. */
export async function startLocal(settings: AllSettings, log: Log): Promise<Local> {
  const { local, process, controlPlane, gateway, reviewWorker, logShipper } = settings;
  const hasOwnKey = local.credentialsFile === undefined;
  if (hasOwnKey)
    refuseOpenDoor(local.secretAccessKey, [gateway.gatewayHost, controlPlane.host, process.adminHost]);
  // What has been started, to be stopped in the opposite order.
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    const folder = await openDataFolder(local.folder);
    stops.push(folder.release);
    await checkPorts(wantedPorts(settings));
    if (settings.redisSocket === undefined) await checkRedis(gateway);
    else stops.push(await startRedis(settings.redisSocket, folder.path, log));
    if (hasOwnKey) writeCredentials(settings.credentialsFile, local);
    const level = process.logLevel;
    const api = await start('control-plane', stops, level, (around) =>
      startControlPlane(controlPlane, around),
    );
    const review = await start('review-worker', stops, level, (around) =>
      startReviewWorker(reviewWorker, around),
    );
    const logs = await start('log-shipper', stops, level, (around) => startLogShipper(logShipper, around));
    const chat = await start('gateway', stops, level, (around) => startGateway(gateway, around));
    const started = [api, review, logs, chat];
    const services = started.map(({ service }) => service);
    const ofProcess = openMetrics();
    openReadiness(ofProcess, services);
    const metrics = mergedMetrics([ofProcess, ...started.map(({ registry }) => registry)]);
    const admin = await openAdmin(process.adminHost, process.adminPort, metrics, services);
    stops.push(() => admin.close());
    const logFolders = notedLogFolders(logShipper.logFolders);
    const running: Running = {
      region: controlPlane.region,
      account: local.account,
      controlPlaneUrl: url(controlPlane.tlsCertFile === undefined ? 'http' : 'https', controlPlane.host, api),
      gatewayUrl: url(gateway.gatewayTlsCertFile === undefined ? 'ws' : 'wss', gateway.gatewayHost, chat),
      adminUrl: `http://${process.adminHost}:${admin.port}`,
      ...(hasOwnKey
        ? { key: { accessKeyId: local.accessKeyId, secretAccessKey: local.secretAccessKey } }
        : {}),
      logFolders,
      ...(hasOwnKey ? await chatLogs(settings, bucketFolder(logFolders, chatLogsBucket), log) : {}),
    };
    writeRunning(folder.path, running);
    stops.push(async () => removeRunning(folder.path));
    return { running, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Logging that works at once is for a folder: in S3 there may be no such bucket. */
async function chatLogs(
  { local, controlPlane }: AllSettings,
  folder: string | undefined,
  log: Log,
): Promise<Pick<Running, 'chatLogs'>> {
  if (folder === undefined) return {};
  const arn = await ensureChatLogs(controlPlane, local.account, { log, registry: new Registry() });
  return { chatLogs: { arn, folder } };
}

type Started = { readonly service: Service; readonly registry: Registry };

async function start(
  name: string,
  stops: (() => Promise<void>)[],
  level: string,
  open: (around: { log: Log; registry: Registry }) => Promise<Service>,
): Promise<Started> {
  const registry = new Registry();
  const service = await open({ log: openLog(name, level), registry });
  stops.push(() => service.stop());
  return { service, registry };
}

async function startRedis(socketPath: string, folder: string, log: Log): Promise<() => Promise<void>> {
  const program = await findRedisServer((line) => process.stderr.write(`${line}\n`));
  if (program.kind === 'missing') throw new PlainError(program.advice);
  const child = await startRedisChild(program.command, folder, socketPath, log);
  return () => child.stop();
}

function wantedPorts({ process, controlPlane, gateway }: AllSettings) {
  const wanted = (host: string, port: number, area: string) => ({
    host,
    port,
    hostSetting: `ROOMSTREAM_${area}_HOST`,
    portSetting: `ROOMSTREAM_${area}_PORT`,
  });
  return [
    wanted(controlPlane.host, controlPlane.port, 'CONTROL_PLANE'),
    wanted(gateway.gatewayHost, gateway.gatewayPort, 'GATEWAY'),
    wanted(process.adminHost, process.adminPort, 'ADMIN'),
  ];
}

function url(scheme: string, host: string, { service }: Started): string {
  const reachable =
    host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
  return `${scheme}://${reachable}:${service.port}`;
}
