// Hours of chat in which people come and go and exchange their connections, as official clients do every 30 s. Shows that
// nothing gets lost in an exchange, and that no process grows.
import exec from 'k6/execution';
import type { Options } from 'k6/options';
import { chat, crowdScenarios, forEachViewer, listenerOf, once, probe } from '../lib/crowd.ts';
import { exchangeConnections } from '../lib/exchange.ts';
import { measureMemory, memorySlope } from '../lib/memory.ts';
import { deliveryThresholds } from '../lib/metrics.ts';
import { readLoadSettings } from '../lib/pure/settings.ts';
import { beginRun, crowdOf, endRun, runOptions, type TestRun } from '../lib/test-run.ts';

const settings = readLoadSettings('soak', __ENV);
const { RAMP, DURATION, SETTLE, P99_MS, STAY, LEAVING, ADMINS, MEMORY_MB_PER_HOUR } = settings;
const crowd = crowdOf(settings);
const seconds = RAMP + DURATION + SETTLE;
/** A slope over less says nothing. */
const leastSlopeSeconds = 600;

export const options: Options = {
  ...runOptions,
  scenarios: {
    ...crowdScenarios(settings, crowd, seconds),
    ...(ADMINS.length === 0 ? {} : { memory: once('memory', ADMINS.length, seconds) }),
  },
  thresholds: {
    ...deliveryThresholds(P99_MS),
    ...Object.fromEntries(
      ADMINS.map((admin) => [
        `${memorySlope.name}{admin:${admin}}`,
        [`value<${DURATION < leastSlopeSeconds ? 1e9 : MEMORY_MB_PER_HOUR}`],
      ]),
    ),
  },
};

export const setup = (): TestRun => beginRun(settings, { before: RAMP, during: DURATION });
export const teardown = (run: TestRun): void => endRun(settings, run);
export const chatters = (run: TestRun): void => chat(settings, crowd, run);
export const probes = (run: TestRun): void => probe(settings, crowd, run);
export const viewers = (run: TestRun): void =>
  forEachViewer(settings, (place) =>
    exchangeConnections(listenerOf(settings, crowd, run, 'viewer', place), run, STAY, LEAVING),
  );
export const memory = (run: TestRun): void =>
  measureMemory(ADMINS[exec.scenario.iterationInTest] ?? '', run.chatFromMs, run.chatToMs);
