import { figureText, type Outcome } from './side-by-side.ts';
import type { Row } from './table.ts';
import { table } from './table.ts';

/** What the README shows of a run: a row, and the workload and figures that it is made of. */
const rows: readonly (readonly [row: string, workload: string, figures: readonly string[]])[] = [
  ['one room of 2,000: most deliveries/s', 'one-room', ['highest rate: deliveries/s']],
  ['at 100,000/s: per CPU-second, Redis counted', 'one-room', ["100000/s: the same with Redis's CPU"]],
  ['at 100,000/s: p99, ms', 'one-room', ['100000/s: p99, ms']],
  ['at 20,000/s: per CPU-second, Redis counted', 'one-room', ["20000/s: the same with Redis's CPU"]],
  ['at 2,000/s: p50 / p99, ms', 'one-room', ['2000/s: p50, ms', '2000/s: p99, ms']],
  ['500 rooms of 10: most deliveries/s', 'many-rooms', ['highest rate: deliveries/s']],
  ['at 30,000/s: per CPU-second, Redis counted', 'many-rooms', ["30000/s: the same with Redis's CPU"]],
  ['at 30,000/s: p99, ms', 'many-rooms', ['30000/s: p99, ms']],
  ['KB of memory per idle connection', 'idle-memory', ['KB of RSS per connection']],
  ['handshakes/s, one process', 'handshakes', ['handshakes/s']],
  ['CreateChatToken/s, one process', 'tokens', ['CreateChatToken/s']],
];

/** The figures that the README shows, a column for each peer; what wasn't measured is a dash. */
export function summaryTable(outcomes: readonly Outcome[], facts: readonly Row[]): string {
  const peers = [...new Set(outcomes.map(({ peer }) => peer))];
  const cell = (peer: string, workload: string, figures: readonly string[]) => {
    const outcome = outcomes.find((one) => one.peer === peer && one.workload === workload);
    if (outcome === undefined) return '-';
    if (outcome.failure !== undefined) return outcome.failure.startsWith('not run') ? 'not run' : 'failed';
    const found = new Map(outcome.figures);
    return figures.map((figure) => figureText(found.get(figure))).join(' / ');
  };
  const fact = (name: string) => facts.find(([what]) => what === name)?.[1] ?? '';
  const head = `${fact('date')}, commit ${fact('commit')}, ${fact('processors')}, ${fact('memory')}, ${fact('system')}:`;
  return `${head}\n\n${table(
    ['', ...peers],
    rows.map(([row, workload, figures]) => [row, ...peers.map((peer) => cell(peer, workload, figures))]),
  )}`;
}

const begin = '<!-- bench -->';
const end = '<!-- /bench -->';

/** Puts it where the README has its marks. Throws when they are missing. */
export function withSummary(readme: string, summary: string): string {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the README has no ${begin} … ${end}`);
  return `${readme.slice(0, from + begin.length)}\n${summary}\n${readme.slice(to)}`;
}
