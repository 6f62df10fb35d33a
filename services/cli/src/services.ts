import { checkSettings as checkControlPlane } from '@roomstream/control-plane/check-settings';
import { controlPlaneSettings } from '@roomstream/control-plane/settings';
import { checkSettings as checkGateway } from '@roomstream/gateway/check-settings';
import { gatewaySettings } from '@roomstream/gateway/settings';
import { checkSettings as checkLogShipper } from '@roomstream/log-shipper/check-settings';
import { logShipperSettings } from '@roomstream/log-shipper/settings';
import { checkSettings as checkReviewWorker } from '@roomstream/review-worker/check-settings';
import { reviewWorkerSettings } from '@roomstream/review-worker/settings';
import { processSettings } from '@roomstream/runtime/process';
import {
  type Environment,
  readSettings,
  type Settings,
  SettingsError,
  type SettingsTable,
} from '@roomstream/runtime/settings';

/** A service as its settings know it. */
export type ServiceSettings = {
  readonly table: SettingsTable;
  /** Everything that a start would refuse, and what would go wrong at a stop. */
  faults(environment: Environment): Promise<readonly string[]>;
};

function service<T extends SettingsTable>(
  own: T,
  check: (settings: Settings<T & typeof processSettings>) => Promise<readonly string[]>,
): ServiceSettings {
  const table = { ...processSettings, ...own };
  return {
    table,
    faults: async (environment) => {
      try {
        return await check(readSettings(table, environment));
      } catch (error) {
        if (error instanceof SettingsError) return error.faults;
        throw error;
      }
    },
  };
}

/** All services by name. */
export const services: Readonly<Record<string, ServiceSettings>> = {
  gateway: service(gatewaySettings, checkGateway),
  'control-plane': service(controlPlaneSettings, checkControlPlane),
  'review-worker': service(reviewWorkerSettings, checkReviewWorker),
  'log-shipper': service(logShipperSettings, checkLogShipper),
};
