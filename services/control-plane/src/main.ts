import { processSettings, runProcess } from '@roomstream/runtime/process';
import { startControlPlane } from './control-plane.ts';
import { controlPlaneSettings } from './settings.ts';

await runProcess('control-plane', { ...processSettings, ...controlPlaneSettings }, startControlPlane);
