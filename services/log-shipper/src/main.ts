import { processSettings, runProcess } from '@roomstream/runtime/process';
import { startLogShipper } from './log-shipper.ts';
import { logShipperSettings } from './settings.ts';

await runProcess('log-shipper', { ...processSettings, ...logShipperSettings }, startLogShipper);
