// A gateway dies or drains meanwhile: whoever runs the test sees to that. Shows that everybody is back soon, on another
// gateway or on the same one once it is there again, and that nobody gets a message twice.
import exec from 'k6/execution';
import type { Options } from 'k6/options';
import { back, cuts, keepConnected, lost } from '../lib/come-back.ts';
import { chatterOf, crowdScenarios, forEachViewer, listenerOf } from '../lib/crowd.ts';
import { deliveryThresholds } from '../lib/metrics.ts';
import { readLoadSettings } from '../lib/pure/settings.ts';
import { beginRun, crowdOf, endRun, runOptions, type TestRun } from '../lib/test-run.ts';

const settings = readLoadSettings('reconnect', __ENV);
const { RAMP, DURATION, SETTLE, P99_MS, PATIENCE } = settings;
const crowd = crowdOf(settings);
const patienceMs = PATIENCE * 1000;

/** Attempts (`connect`, `token`) may fail while a gateway is away; this may not. */
const faults = ['closed', 'unconfirmed', 'script'];
const { chat_joined: _, chat_errors: __, ...thresholds } = deliveryThresholds(P99_MS);

export const options: Options = {
  ...runOptions,
  scenarios: crowdScenarios(settings, crowd, RAMP + DURATION + SETTLE),
  thresholds: {
    ...thresholds,
    ...Object.fromEntries(faults.map((code) => [`chat_errors{code:${code}}`, ['count==0']])),
    // A run in which no connection was cut has shown nothing.
    [cuts.name]: ['count>0'],
    [lost.name]: ['count==0'],
    [back.name]: [`p(99)<${patienceMs}`],
  },
};

export const setup = (): TestRun => beginRun(settings, { before: RAMP, during: DURATION }, cuts, lost);
export const teardown = (run: TestRun): void => endRun(settings, run);
export const chatters = (run: TestRun): void =>
  keepConnected(run, patienceMs, chatterOf(settings, crowd, run));
export const probes = (run: TestRun): void => stay(run, 'probe', exec.scenario.iterationInTest);
export const viewers = (run: TestRun): void => forEachViewer(settings, (place) => stay(run, 'viewer', place));

function stay(run: TestRun, role: 'probe' | 'viewer', place: number): void {
  keepConnected(run, patienceMs, listenerOf(settings, crowd, run, role, place));
}
