import { type Bus, openBus } from '@roomstream/bus/bus';
import { startReporter } from '@roomstream/cloudwatch/reporter';
import { newId } from '@roomstream/protocol/ids';
import type { Service, Surroundings } from '@roomstream/runtime/service';
import type { Settings } from '@roomstream/runtime/settings';
import { presetQuotas } from '@roomstream/store/quotas';
import { recordsAccess } from '@roomstream/store/records-settings';
import { openStore, type Store } from '@roomstream/store/store';
import { BufferBudget } from './buffer-budget.ts';
import { type Destinations, openDestinations } from './destinations/destinations.ts';
import { type LaneRules, Lanes } from './lanes.ts';
import { openLogMetrics } from './metrics.ts';
import { checkBuffer, type logShipperSettings } from './settings.ts';

type ShipperSettings = Settings<typeof logShipperSettings>;

/**
 * Starts a log shipper: queues of records on one side, the destinations of logging configurations on the other. Any number
 * of shippers share the shards. Rejects with a plain message when a setting or Redis doesn't let it start.
 */
export async function startLogShipper(
  settings: ShipperSettings,
  surroundings: Surroundings,
  open: (settings: ShipperSettings, region: string) => Destinations = openDestinations,
): Promise<Service> {
  checkBuffer(settings);
  const destinations = open(settings, settings.region);
  try {
    const bus = await openBusOf(settings, surroundings);
    try {
      const store = await openStoreOf(settings, surroundings);
      return run({ settings, surroundings, bus, store, destinations });
    } catch (error) {
      await bus.close();
      throw error;
    }
  } catch (error) {
    destinations.close();
    throw error;
  }
}

function openBusOf(settings: ShipperSettings, { log, registry }: Surroundings): Promise<Bus> {
  return openBus({ access: settings, shards: settings.shards, log, registry });
}

function openStoreOf(settings: ShipperSettings, { log, registry }: Surroundings): Promise<Store> {
  // A shipper takes nothing that has a quota.
  const quotas = { of: () => presetQuotas('ivs') };
  return openStore({ access: recordsAccess(settings), quotas, log, registry });
}

type Running = {
  readonly settings: ShipperSettings;
  readonly surroundings: Surroundings;
  readonly bus: Bus;
  readonly store: Store;
  readonly destinations: Destinations;
};

function run({ settings, surroundings, bus, store, destinations }: Running): Service {
  const { log, registry } = surroundings;
  const budget = new BufferBudget({
    records: settings.bufferRecords,
    bytes: settings.bufferBytes,
    claims: settings.deliveries,
  });
  const metrics = openLogMetrics(registry, settings.metricConfigurations, {
    backlogs: () => lanes.backlogs(),
    buffer: () => budget.held,
    ownedShards: () => group.ownedShards(),
  });
  // Lanes and group know each other: one is told what waits, and reads it from the other.
  const lanes = new Lanes({
    region: settings.region,
    rules: rulesOf(settings),
    budget,
    metrics,
    group: {
      read: (lane, after, count) => group.read(lane, after, count),
      acknowledge: (lane, through) => group.acknowledge(lane, through),
      owns: (lane) => group.owns(lane),
    },
    load: (account, id) => store.loggingConfigurations.forShipping(account, id),
    destinationOf: (configuration) => destinations.of(configuration),
    nowMs: () => bus.clock.nowMs(),
    log,
  });
  const group = bus.logGroup({ shipper: newId(), leaseMs: settings.leaseMs }, lanes);
  const { cloudWatchPeriodSeconds: periodSeconds } = settings;
  const reporter = settings.cloudWatchMetrics
    ? startReporter({ registry, commands: bus.commands, periodSeconds, log })
    : undefined;
  const state = { isStopping: false };
  const stop = async () => {
    state.isStopping = true;
    await group.stopTaking();
    lanes.close();
    await reporter?.close();
    await bus.close();
    await store.close();
    destinations.close();
  };
  let stopping: Promise<void> | undefined;
  return {
    name: 'log-shipper',
    port: undefined,
    // A destination that fails is none of them: a restart of the shipper wouldn't mend it.
    notReady: () => [...(state.isStopping ? ['stopping'] : []), ...bus.notReady(), ...store.notReady()],
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

function rulesOf(settings: ShipperSettings): LaneRules {
  return {
    windowMs: settings.windowSeconds * 1000,
    batch: { records: settings.batchRecords, bytes: settings.batchBytes },
    limitMs: { window: settings.deliverySeconds * 1000, live: settings.liveDeliverySeconds * 1000 },
    concurrency: settings.concurrency,
    backlogRecords: settings.logBacklogRecords,
  };
}
