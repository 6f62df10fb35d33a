// Ordinary chat: some rooms, most people listen, some talk. Shows that each message reaches everybody once, in order and soon.
import type { Options } from 'k6/options';
import { chat, crowdScenarios, probe, view } from '../lib/crowd.ts';
import { deliveryThresholds } from '../lib/metrics.ts';
import { readLoadSettings } from '../lib/pure/settings.ts';
import { beginRun, crowdOf, endRun, runOptions, type TestRun } from '../lib/test-run.ts';

const settings = readLoadSettings('steady', __ENV);
const { RAMP, DURATION, SETTLE, P99_MS } = settings;
const crowd = crowdOf(settings);

export const options: Options = {
  ...runOptions,
  scenarios: crowdScenarios(settings, crowd, RAMP + DURATION + SETTLE),
  thresholds: deliveryThresholds(P99_MS),
};

export const setup = (): TestRun => beginRun(settings, { before: RAMP, during: DURATION });
export const teardown = (run: TestRun): void => endRun(settings, run);
export const chatters = (run: TestRun): void => chat(settings, crowd, run);
export const probes = (run: TestRun): void => probe(settings, crowd, run);
export const viewers = (run: TestRun): void => view(settings, crowd, run);
