import { background } from '@roomstream/runtime/background';
import { openLog } from '@roomstream/runtime/log';
import { openMetrics } from '@roomstream/runtime/metrics';
import { endOnUnhandled, processSettings, readOrExit } from '@roomstream/runtime/process';
import type { Service } from '@roomstream/runtime/service';
import { SettingsError } from '@roomstream/runtime/settings';
import { startGateway } from '../gateway.ts';
import { gatewaySettings } from '../settings.ts';
import { aliveEveryMs, type FromProcess, type ToProcess } from './messages.ts';

// One of the processes of `--processes`: a gateway that shares its port, and has its supervisor in place of an admin port.
const [number, port] = process.argv.slice(2).map(Number);
const settings = readOrExit({ ...processSettings, ...gatewaySettings });
const log = openLog('gateway', settings.logLevel).child({ process: number });
endOnUnhandled(log);
const registry = openMetrics();
let service: Service | undefined;

// Stopping is the supervisor's: a terminal and systemd send their signals to it as well, and to all others with it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => log.debug({ signal }, 'the supervisor decides'));
}
// Without its supervisor nobody watches it, and its port would be in the way of the next one.
process.on('disconnect', () => process.exit(1));
process.on('message', (message) => {
  const order = message as ToProcess;
  if (order.kind === 'stop') background(stop(), log, 'stopping');
  else background(answerMetrics(order.read), log, 'reading the metrics');
});

try {
  service = await startGateway(
    { ...settings, gatewayPort: port ?? settings.gatewayPort },
    { log, registry },
    { sharesPort: true },
  );
  await send({ kind: 'up' });
  sayAlive(service);
  setInterval(sayAlive, aliveEveryMs, service);
} catch (error) {
  const { message } = error as Error;
  if (!(error instanceof SettingsError))
    log.error({ err: error }, 'a process of the gateway could not start');
  await send({
    kind: 'failed',
    message,
    faults: error instanceof SettingsError ? error.faults : undefined,
  });
  process.exit(1);
}

function sayAlive({ notReady }: Service): void {
  background(send({ kind: 'alive', notReady: notReady() }), log, 'a sign of life');
}

async function answerMetrics(read: number): Promise<void> {
  await send({ kind: 'metrics', read, snapshot: await registry.getMetricsAsJSON() });
}

async function stop(): Promise<void> {
  try {
    await service?.stop();
    process.exit(0);
  } catch (err) {
    log.error({ err }, 'a process of the gateway could not stop');
    process.exit(1);
  }
}

function send(message: FromProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(message, undefined, undefined, (error: Error | null) =>
      error === null ? resolve() : reject(error),
    );
  });
}
