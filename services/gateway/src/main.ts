import { processSettings, refuse, runProcess } from '@roomstream/runtime/process';
import { SettingsError } from '@roomstream/runtime/settings';
import { startGateway } from './gateway.ts';
import { processCount } from './processes/process-count.ts';
import { startSupervisor } from './processes/supervisor.ts';
import { gatewaySettings } from './settings.ts';

const table = { ...processSettings, ...gatewaySettings };
const processes = countOrExit();
await runProcess('gateway', table, (settings, surroundings) =>
  processes === 1
    ? startGateway(settings, surroundings)
    : startSupervisor({ processes, host: settings.gatewayHost, port: settings.gatewayPort }, surroundings),
);

function countOrExit(): number {
  try {
    return processCount(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    refuse(error);
  }
}
