// One big room whose rate rises in steps to its peak. Shows what a message to everybody costs: at which step the times rise.
import type { Options } from 'k6/options';
import { chat, crowdScenarios, probe, view } from '../lib/crowd.ts';
import { deliveryThresholds } from '../lib/metrics.ts';
import { readLoadSettings } from '../lib/pure/settings.ts';
import { beginRun, crowdOf, endRun, runOptions, type TestRun } from '../lib/test-run.ts';

const settings = readLoadSettings('fan-out', __ENV);
const { RAMP, DURATION, SETTLE, P99_MS } = settings;
const crowd = crowdOf(settings);
const steps = [0.25, 0.5, 1];

export const options: Options = {
  ...runOptions,
  scenarios: crowdScenarios(settings, crowd, RAMP + DURATION + SETTLE),
  thresholds: {
    ...deliveryThresholds(P99_MS),
    ...Object.fromEntries(steps.map((step) => [`chat_delivery_ms{step:${step * 100}}`, [`p(99)<${P99_MS}`]])),
  },
};

export const setup = (): TestRun => beginRun(settings, { before: RAMP, during: DURATION });
export const teardown = (run: TestRun): void => endRun(settings, run);
export const chatters = (run: TestRun): void => chat(settings, crowd, run, steps);
export const probes = (run: TestRun): void => probe(settings, crowd, run);
export const viewers = (run: TestRun): void => view(settings, crowd, run);
