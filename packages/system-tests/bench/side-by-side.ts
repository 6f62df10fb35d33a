import { type MachineSpeed, machineSpeed } from './machine-speed.ts';
import type { Figure } from './measure.ts';
import type { Peer } from './peers/peer.ts';
import { roomstream } from './peers/roomstream.ts';
import { table } from './table.ts';
import { machineTimes } from './usage.ts';
import type { Workload } from './workloads/workload.ts';

/** What became of one peer at one workload. */
export type Outcome = {
  readonly workload: string;
  readonly peer: string;
  /** Of the machine, right before. */
  readonly speed: MachineSpeed | undefined;
  /** Of all processors while it ran, in per cent. */
  readonly machine: { readonly idle: number; readonly stolen: number } | undefined;
  readonly figures: readonly Figure[];
  /** Why there are no figures. */
  readonly failure: string | undefined;
};

/** Runs a workload at one peer after the other, each started for it, so that none inherits the other's memory. */
export async function runSideBySide(
  workload: Workload,
  peers: readonly Peer[],
  seconds: number,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const peer of peers) {
    if (workload.isOursAlone === true && peer !== roomstream) continue;
    process.stderr.write(`${workload.name}: ${peer.name}\n`);
    const outcome = await runOne(workload, peer, seconds);
    if (outcome.failure !== undefined) process.stderr.write(`    ${outcome.failure}\n`);
    outcomes.push(outcome);
  }
  return outcomes;
}

async function runOne(workload: Workload, peer: Peer, seconds: number): Promise<Outcome> {
  const nothing = {
    workload: workload.name,
    peer: peer.name,
    figures: [],
    speed: undefined,
    machine: undefined,
  };
  if (peer.missing !== undefined) return { ...nothing, failure: `not run: ${peer.missing}` };
  const speed = await machineSpeed();
  try {
    const running = await peer.start();
    try {
      const before = machineTimes();
      const figures = await workload.run(running, seconds);
      return { ...nothing, figures, speed, machine: sharesSince(before), failure: undefined };
    } finally {
      await running.stop();
    }
  } catch (error) {
    return { ...nothing, speed, failure: `failed: ${(error as Error).message}` };
  }
}

function sharesSince(before: ReturnType<typeof machineTimes>): Outcome['machine'] {
  const now = machineTimes();
  const part = (name: 'idle' | 'stolen') => ((now[name] - before[name]) / (now.all - before.all)) * 100;
  return { idle: part('idle'), stolen: part('stolen') };
}

/** A table with a column for each peer. */
export function sideBySideTable(outcomes: readonly Outcome[]): string {
  const columns = outcomes.map((outcome) => new Map(figuresWithProbe(outcome)));
  const names = new Set(columns.flatMap((column) => [...column.keys()]));
  const rows = [...names].map((name) => [name, ...columns.map((column) => figureText(column.get(name)))]);
  return table(['', ...outcomes.map(({ peer }) => peer)], rows);
}

function figuresWithProbe({ speed, machine, figures, failure }: Outcome): readonly Figure[] {
  return [
    ...(failure === undefined ? [] : [['outcome', failure] as const]),
    ...figures,
    ...(speed === undefined
      ? []
      : [
          ['machine before it: million rounds/s', speed.millionRoundsPerSecond] as const,
          ['machine before it: messages per CPU-second', speed.messagesPerCpuSecond] as const,
        ]),
    ...(machine === undefined ? [] : [['machine during it: % idle', machine.idle] as const]),
    ...(machine === undefined ? [] : [['machine during it: % stolen', machine.stolen] as const]),
  ];
}

/** A figure as tables show it. */
export function figureText(value: number | string | undefined): string {
  if (typeof value !== 'number') return value ?? '';
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return Number.isInteger(value) ? `${value}` : value.toFixed(2);
}
