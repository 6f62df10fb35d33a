import { Gauge, type Registry } from 'prom-client';
import type { Service } from './service.ts';

/** Registers what `/readyz` says as a metric. */
export function openReadiness(
  registry: Registry,
  services: readonly Pick<Service, 'name' | 'notReady'>[],
): void {
  new Gauge({
    name: 'roomstream_ready',
    help: '1 while /readyz has nothing against traffic for the service.',
    labelNames: ['service'],
    registers: [registry],
    collect() {
      for (const service of services) {
        this.set({ service: service.name }, service.notReady().length === 0 ? 1 : 0);
      }
    },
  });
}
