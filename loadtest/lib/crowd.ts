import exec from 'k6/execution';
import type { Options, PerVUIterationsScenario } from 'k6/options';
import { setTimeout } from 'k6/timers';
import { Chatter, type Pace } from './chatter.ts';
import { type Connection, countError, type Ending } from './connection.ts';
import { expectGoodbye, inBackground, Member } from './member.ts';
import type { Crowd } from './pure/seats.ts';
import type { LoadSettings } from './pure/settings.ts';
import type { TestRun } from './test-run.ts';
import { Watch } from './watch.ts';

/** Virtual users that do their work once. */
export function once(name: string, vus: number, seconds: number): PerVUIterationsScenario {
  return {
    executor: 'per-vu-iterations',
    exec: name,
    vus,
    iterations: 1,
    maxDuration: `${Math.ceil(seconds) + 60}s`,
    gracefulStop: '10s',
  };
}

/** The scenarios of a crowd: chatters and probes with a virtual user each, viewers with one for many. */
export function crowdScenarios(
  settings: LoadSettings,
  crowd: Crowd,
  seconds: number,
): NonNullable<Options['scenarios']> {
  const all = {
    chatters: once('chatters', crowd.rooms * crowd.chattersPerRoom, seconds),
    probes: once('probes', crowd.probes, seconds),
    viewers: once('viewers', Math.ceil(crowd.viewers / settings.LISTENERS_PER_VU), seconds),
  };
  return Object.fromEntries(Object.entries(all).filter(([, { vus = 0 }]) => vus > 0));
}

/** What else happens when a connection of a member opens and ends. */
export type Hooks = {
  /** That of an earlier connection, which goes on with this one. */
  readonly watch?: Watch | undefined;
  onOpen?(connection: Connection, watch?: Watch): void;
  onEnd(ending: Ending, watch?: Watch): void;
};

/** Connects a member; again when it is called again. undefined when there was no token to be had. */
export type Connect = (hooks: Hooks) => Promise<Connection | undefined>;

/** The chatter of this virtual user: he sends his share of the room's rate while he is connected. */
export function chatterOf(
  settings: LoadSettings,
  crowd: Crowd,
  run: TestRun,
  steps: readonly number[] = [1],
): Connect {
  const member = new Member(settings, run.rooms, crowd, 'chatter', exec.scenario.iterationInTest);
  const pace: Pace = {
    fromMs: run.chatFromMs,
    toMs: run.chatToMs,
    rate: settings.RATE / crowd.chattersPerRoom,
    steps,
    characters: settings.MESSAGE_CHARACTERS,
  };
  return (hooks) =>
    member.connect(() => {
      let chatter: Chatter | undefined;
      return {
        onOpen: (connection) => {
          chatter = new Chatter(connection, `${member.name}.${member.lives}`, pace);
          leaveAt(connection, run.endMs);
          hooks.onOpen?.(connection);
        },
        onFrame: (frame) => chatter?.onFrame(frame),
        onEnd: (ending) => hooks.onEnd(ending),
      };
    });
}

/** A listener: one of many that count, or a probe, who has a virtual user for himself and measures. */
export function listenerOf(
  settings: LoadSettings,
  crowd: Crowd,
  run: TestRun,
  role: 'probe' | 'viewer',
  place: number,
): Connect {
  const member = new Member(settings, run.rooms, crowd, role, place);
  return (hooks) =>
    member.connect(() => {
      let watch: Watch | undefined;
      return {
        onOpen: (connection) => {
          watch = hooks.watch ?? new Watch(connection.openedMs, role === 'probe');
          leaveAfterLast(connection, watch, crowd.chattersPerRoom, run.endMs);
          hooks.onOpen?.(connection, watch);
        },
        onFrame: (frame) => {
          if (frame.Type === 'ERROR' && frame.ErrorCode !== 401) countError(frame);
          watch?.onFrame(frame);
        },
        onEnd: (ending) => hooks.onEnd(ending, watch),
      };
    });
}

/** A chatter who stays to the end: the work of one virtual user. */
export function chat(settings: LoadSettings, crowd: Crowd, run: TestRun, steps?: readonly number[]): void {
  const connect = chatterOf(settings, crowd, run, steps);
  inBackground(() => connect({ onEnd: (ending) => expectGoodbye(ending, run.endMs) }));
}

/** A probe who stays to the end: the work of one virtual user. */
export function probe(settings: LoadSettings, crowd: Crowd, run: TestRun): void {
  listen(listenerOf(settings, crowd, run, 'probe', exec.scenario.iterationInTest), crowd, run);
}

/** Viewers who come one after the other during the ramp and stay to the end: the work of one virtual user. */
export function view(settings: LoadSettings, crowd: Crowd, run: TestRun): void {
  forEachViewer(settings, (place) => listen(listenerOf(settings, crowd, run, 'viewer', place), crowd, run));
}

/** Calls `begin` for each viewer of this virtual user, at his time of the ramp. */
export function forEachViewer(settings: LoadSettings, begin: (place: number) => void): void {
  const { LISTENERS_PER_VU, VIEWERS, RAMP } = settings;
  const first = exec.scenario.iterationInTest * LISTENERS_PER_VU;
  for (let place = first; place < Math.min(first + LISTENERS_PER_VU, VIEWERS); place++) {
    // The last come a little before the ramp's end: a token and a handshake take time.
    setTimeout(() => begin(place), (RAMP * 900 * place) / VIEWERS);
  }
}

function listen(connect: Connect, crowd: Crowd, run: TestRun): void {
  const onEnd = (ending: Ending, watch?: Watch) => {
    expectGoodbye(ending, run.endMs);
    if (Date.now() >= run.endMs) watch?.expectSenders(crowd.chattersPerRoom);
  };
  inBackground(() => connect({ onEnd }));
}

/**
 * Says goodbye at a time, or up to some seconds later when the last messages are still to come: k6 throws away what a
 * crowded virtual user hasn't looked at when it says goodbye.
 */
function leaveAfterLast(connection: Connection, watch: Watch, senders: number, ms: number): void {
  const look = () => {
    if (watch.ended() >= senders || !connection.isOpen() || Date.now() > ms + lateMs) connection.leave();
    else setTimeout(look, 100);
  };
  setTimeout(look, Math.max(0, ms - Date.now()));
}

const lateMs = 10_000;

/** Says goodbye at a time, so that the iteration can end. */
export function leaveAt(connection: Connection, ms: number): void {
  setTimeout(() => connection.leave(), Math.max(0, ms - Date.now()));
}
