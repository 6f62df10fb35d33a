// A room under load in which moderators delete messages and disconnect users, over both APIs. Shows that both happen at
// once, and that the chat doesn't notice.
import exec from 'k6/execution';
import type { Options } from 'k6/options';
import { chat, crowdScenarios, once, probe, view } from '../lib/crowd.ts';
import { deliveryThresholds } from '../lib/metrics.ts';
import { deleted, deleteTime, disconnected, disconnectTime, Moderator } from '../lib/moderator.ts';
import { readLoadSettings } from '../lib/pure/settings.ts';
import { beginRun, crowdOf, endRun, roomCount, runOptions, type TestRun } from '../lib/test-run.ts';

const settings = readLoadSettings('moderation', __ENV);
const { RAMP, DURATION, SETTLE, P99_MS } = settings;
/** One for each room. */
const moderatorCount = roomCount(settings);
const crowd = crowdOf(settings, moderatorCount);
const seconds = RAMP + DURATION + SETTLE;

export const options: Options = {
  ...runOptions,
  scenarios: {
    ...crowdScenarios(settings, crowd, seconds),
    moderators: once('moderators', moderatorCount, seconds),
  },
  thresholds: {
    ...deliveryThresholds(P99_MS),
    [deleted.name]: ['count>0'],
    [disconnected.name]: ['count>0'],
    [deleteTime.name]: [`p(99)<${P99_MS}`],
    [disconnectTime.name]: [`p(99)<${P99_MS}`],
  },
};

export const setup = (): TestRun =>
  beginRun(settings, { before: RAMP, during: DURATION }, deleted, disconnected);
export const teardown = (run: TestRun): void => endRun(settings, run);
export const chatters = (run: TestRun): void => chat(settings, crowd, run);
export const probes = (run: TestRun): void => probe(settings, crowd, run);
export const viewers = (run: TestRun): void => view(settings, crowd, run);
export const moderators = (run: TestRun): void =>
  new Moderator(settings, crowd, run, exec.scenario.iterationInTest).moderate();
