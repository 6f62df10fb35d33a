import { markdownTable } from '../lib/pure/settings.ts';
import type { Cell } from './capacity.ts';
import { costNames, costs } from './costs.ts';
import type { Demand } from './demand.ts';

/** One row of the report: what, for all cells of a demand. */
type Row = readonly [what: string, value: (cell: Cell, demand: Demand) => string];

const rows: readonly Row[] = [
  ['rooms', ({ load }, { cells }) => number(load.rooms * cells)],
  ['messages a second', ({ load }, { cells }) => number(load.messages * cells)],
  ['deliveries a second', ({ load }, { cells }) => number(load.deliveries * cells)],
  ['tokens and handshakes a second', ({ load }, { cells }) => number(load.joins * cells)],
  [
    '**gateways** (connections on each)',
    (cell, { cells }) =>
      `**${number(cell.gateways * cells)}** (${number(cell.load.viewers / cell.gateways)})`,
  ],
  [
    'a gateway: share of its core, memory',
    (cell) => `${percent(cell.cores.gateways / cell.gateways)}, ${number(cell.gatewayMegabytes)} MB`,
  ],
  ['**control planes**', (cell, { cells }) => `**${number(cell.controlPlanes * cells)}**`],
  [
    '**Redis masters** (cores in use)',
    (cell, { cells }) => `**${number(cell.redisMasters * cells)}** (${cores(cell.cores.redis * cells)})`,
  ],
  ['**log shippers**', (cell, { cells }) => `**${number(cell.logShippers * cells)}**`],
  ['**review workers**', (cell, { cells }) => `**${number(cell.reviewWorkers * cells)}**`],
  [
    'cores in use, all processes',
    (cell, { cells }) => cores(cells * Object.values(cell.cores).reduce((sum, used) => sum + used, 0)),
  ],
  ['network: gateways to viewers', (cell, { cells }) => bits(cell.viewerBits * cells)],
  ['network: Redis to gateways', (cell, { cells }) => bits(cell.redisBits * cells)],
  ['a gateway reads of all messages of its cell', ({ reading }) => percent(reading.read)],
  ['of what it reads it doesn’t need', ({ reading }) => percent(reading.unneeded)],
  ['a gateway dies: back after', ({ storms }) => storm(storms.gatewayDeath)],
  ['everybody comes at once: back after', ({ storms }) => storm(storms.everybody)],
];

/** Demands side by side, what each needs below. */
export function capacityTable(columns: readonly { readonly demand: Demand; readonly cell: Cell }[]): string {
  const head = ['viewers', ...columns.map(({ demand }) => title(demand))];
  return markdownTable(
    head,
    rows.map(([what, value]) => [what, ...columns.map(({ demand, cell }) => value(cell, demand))]),
  );
}

/** What each thing costs, and which run says so. */
export function costsTable(): string {
  const sources = [...new Set(costNames.map((name) => sourceOf(name)))];
  const mark = (name: (typeof costNames)[number]) => `${sources.indexOf(sourceOf(name)) + 1}`;
  const table = markdownTable(
    ['what', 'cost', 'run'],
    costNames.map((name) => [
      costs[name].about,
      `${costs[name].measured.value} ${costs[name].unit}`,
      mark(name),
    ]),
  );
  return `${table}\n\n${sources.map((source, n) => `${n + 1}. ${source}`).join('\n')}`;
}

/** Shards that a master should have at least: whole shards are dealt out, so fewer would spread unevenly. */
const shardsPerMaster = 4;

/** What a demand asks for that a cell can't give, a line each; empty when there is nothing to say. */
export function notesOf(demand: Demand, { redisMasters }: Cell): string {
  if (redisMasters * shardsPerMaster <= demand.shards) return '';
  const { viewers, shards } = demand;
  return `${number(viewers)} viewers: ${shards} shards don’t spread over ${redisMasters} Redis masters; take more shards or more cells.\n\n`;
}

function sourceOf(name: (typeof costNames)[number]): string {
  const { command, date, commit, machine } = costs[name].measured;
  return `${date}, commit ${commit}: \`${command}\` on ${machine}`;
}

function title({ viewers, cells }: Demand): string {
  return cells === 1 ? number(viewers) : `${number(viewers)} in ${number(cells)} cells`;
}

const number = (value: number): string => Math.round(value).toLocaleString('en');
const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 && share > 0 ? 1 : 0)} %`;
const cores = (value: number): string => (value < 10 ? value.toFixed(1) : number(value));

function bits(value: number): string {
  return value >= 1e9 ? `${(value / 1e9).toFixed(1)} Gbit/s` : `${(value / 1e6).toFixed(1)} Mbit/s`;
}

function storm({ connections, seconds, bound }: Cell['storms']['everybody']): string {
  return `${seconds < 10 ? seconds.toFixed(1) : number(seconds)} s (${number(connections)}; ${bound})`;
}
