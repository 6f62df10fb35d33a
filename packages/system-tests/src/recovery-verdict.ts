import type { RecoveryViewer } from './recovery-viewer.ts';
import type { StreamFrame } from './stream-frames.ts';

/** What a verdict looks at of somebody. */
export type Witness = Pick<RecoveryViewer, 'userId' | 'refreshes' | 'ids' | 'toldMs' | 'connections'>;

/** A message as its room's stream has it. */
export type SaidMessage = { readonly id: string; readonly atMs: number };

/** What somebody's list of messages differs in from his room's stream. */
export type Differences = {
  readonly missing: number;
  /** Missing ones that stock clients can't be given again: said within a second of a refresh, when they forget the Ids they know. */
  readonly forgotten: number;
  readonly doubled: number;
  readonly misordered: number;
  /** Messages that the room has never said. */
  readonly strays: number;
  /** What happened when, for whoever looks for the reason. */
  readonly stories: readonly string[];
};

/** The messages among a room's frames; `atMs` is Redis's time, which is this machine's. */
export function messagesOf(frames: readonly StreamFrame[]): readonly SaidMessage[] {
  return frames.flatMap(({ entryId, text }) => {
    const frame = JSON.parse(text) as { readonly Type: string; readonly Id: string };
    return frame.Type === 'MESSAGE' ? [{ id: frame.Id, atMs: Number(entryId.split('-')[0]) }] : [];
  });
}

/** Compares what an application was told to what the room has said, up to a last message that all have heard. */
export function differencesOf(viewer: Witness, all: readonly SaidMessage[], lastId: string): Differences {
  const places = new Map(all.map(({ id }, at) => [id, at]));
  const said = all.slice(0, (places.get(lastId) ?? 0) + 1);
  const seen = new Set<string>();
  const [doubled, misordered]: [number[], number[]] = [[], []];
  let [strays, last] = [0, -1];
  for (const [at, id] of viewer.ids.entries()) {
    const place = places.get(id);
    if (seen.has(id)) doubled.push(at);
    else if (place === undefined) strays++;
    else if (place < last) misordered.push(at);
    else last = place;
    seen.add(id);
  }
  const lost = said.filter(({ id }) => !seen.has(id));
  const missing = lost.filter(({ atMs }) => !isForgettable(viewer, atMs));
  const told = (at: number) => (viewer.toldMs[at] ?? 0) + performance.timeOrigin;
  return {
    missing: missing.length,
    forgotten: lost.length - missing.length,
    doubled: doubled.length,
    misordered: misordered.length,
    strays,
    stories: [
      ...storyOf(
        viewer,
        'missing',
        missing.map(({ atMs }) => atMs),
      ),
      ...storyOf(viewer, 'doubled', doubled.map(told)),
      ...storyOf(viewer, 'out of order', misordered.map(told)),
    ],
  };
}

/** From the opening of a connection that took over from an open one until the Ids known then are forgotten, and a bit. */
const forgetfulMs = 1_500;

function isForgettable(viewer: Witness, atMs: number): boolean {
  if (!viewer.refreshes) return false;
  const lives = viewer.connections();
  return lives.some(({ openedMs }, n) => {
    const sinceMs = atMs - performance.timeOrigin - openedMs;
    const isRefresh = lives.slice(0, n).some(({ closedMs = openedMs }) => closedMs >= openedMs);
    return isRefresh && sinceMs > -forgetfulMs && sinceMs < forgetfulMs;
  });
}

function storyOf(viewer: Witness, what: string, timesMs: readonly number[]): string[] {
  const [first] = timesMs;
  if (first === undefined) return [];
  const fromMs = first - performance.timeOrigin;
  const relative = (ms: number | undefined) => (ms === undefined ? 'open' : `${Math.round(ms - fromMs)}`);
  const lives = viewer
    .connections()
    .filter(
      ({ openedMs, closedMs = Number.POSITIVE_INFINITY }) =>
        openedMs < fromMs + 5_000 && closedMs > fromMs - 5_000,
    )
    .map(({ openedMs, closedMs }) => `${relative(openedMs)} to ${relative(closedMs)}`);
  const times = timesMs.slice(0, 10).map((ms) => Math.round(ms - first));
  const who = `${viewer.userId}${viewer.refreshes ? ' (refreshes)' : ''}`;
  return [
    `${who}: ${timesMs.length} ${what}, at ${times.join(', ')} ms; connections, ms: ${lives.join('; ')}`,
  ];
}
