import { processSettings, runProcess } from '@roomstream/runtime/process';
import { startGateway } from './gateway.ts';
import { gatewaySettings } from './settings.ts';

await runProcess('gateway', { ...processSettings, ...gatewaySettings }, startGateway);
