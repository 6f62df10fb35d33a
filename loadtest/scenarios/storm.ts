// Everybody comes at once: arrivals rise to their peak, each with a token and a handshake, while a room chats. Shows how many
// the deployment lets in, and that those who are there already don't notice.
import exec from 'k6/execution';
import { Trend } from 'k6/metrics';
import type { Options } from 'k6/options';
import { countError } from '../lib/connection.ts';
import { chat, crowdScenarios, leaveAt, probe } from '../lib/crowd.ts';
import { expectGoodbye, inBackground, Member } from '../lib/member.ts';
import { deliveryThresholds } from '../lib/metrics.ts';
import { readLoadSettings } from '../lib/pure/settings.ts';
import { beginRun, crowdOf, endRun, runOptions, type TestRun } from '../lib/test-run.ts';

const settings = readLoadSettings('storm', __ENV);
const { ARRIVALS, STAY, RAMP, DURATION, SETTLE, P99_MS } = settings;
const crowd = crowdOf(settings);
/** Before the storm, so that chatters and probes are there. */
const calmSeconds = 3;
const during = RAMP + DURATION + STAY;

/** From the arrival to an open connection: token and handshake. */
const arrival = new Trend('chat_arrival_ms', true);

export const options: Options = {
  ...runOptions,
  scenarios: {
    ...crowdScenarios(settings, crowd, calmSeconds + during + SETTLE),
    arrivals: {
      executor: 'ramping-arrival-rate',
      exec: 'arrivals',
      startTime: `${calmSeconds}s`,
      preAllocatedVUs: Math.ceil(ARRIVALS * (STAY + 2)),
      maxVUs: Math.ceil(ARRIVALS * (STAY + 2) * 4),
      stages: [
        { target: ARRIVALS, duration: `${RAMP}s` },
        { target: ARRIVALS, duration: `${DURATION}s` },
      ],
      gracefulStop: `${Math.ceil(STAY) + 40}s`,
    },
  },
  thresholds: {
    ...deliveryThresholds(P99_MS),
    chat_arrival_ms: ['p(99)<5000'],
    dropped_iterations: ['count==0'],
  },
};

export const setup = (): TestRun => beginRun(settings, { before: calmSeconds, during });
export const teardown = (run: TestRun): void => endRun(settings, run);
export const chatters = (run: TestRun): void => chat(settings, crowd, run);
export const probes = (run: TestRun): void => probe(settings, crowd, run);

export function arrivals(run: TestRun): void {
  const begun = Date.now();
  const member = new Member(settings, run.rooms, crowd, 'guest', exec.scenario.iterationInTest);
  inBackground(() =>
    member.connect(() => {
      let endMs = 0;
      return {
        onOpen: (connection) => {
          arrival.add(Date.now() - begun);
          endMs = Date.now() + STAY * 1000;
          leaveAt(connection, endMs);
        },
        onFrame: (frame) => {
          if (frame.Type === 'ERROR') countError(frame);
        },
        onEnd: (ending) => expectGoodbye(ending, endMs),
      };
    }),
  );
}
