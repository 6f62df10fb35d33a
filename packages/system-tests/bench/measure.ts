import type { Report, Run } from './generator.ts';
import type { Load } from './load.ts';
import type { RunningPeer } from './peers/peer.ts';
import { type Usage, usageOf, usageSince } from './usage.ts';

/** What a run showed, and what it cost the servers. */
export type Measured = { readonly report: Report; readonly usage: Usage };

/** A figure: what, and how much. The table shows numbers rounded, JSON as they are. */
export type Figure = readonly [what: string, value: number | string];

/** Runs the load and reads the servers' CPU before and after. */
export async function measure(peer: RunningPeer, load: Load, run: Run): Promise<Measured> {
  const before = await usageOf(peer);
  const report = await load.generator.run(run);
  return { report, usage: await usageSince(peer, before) };
}

/** The figures of a steady run; `group` is whose latency (0 by default). */
export function figuresOf(label: string, { report, usage }: Measured, group = 0): readonly Figure[] {
  const latency = report.latencyMs[group];
  return [
    [`${label}: deliveries/s`, report.delivered / report.tookSeconds],
    [`${label}: faults`, faultsOf(report)],
    [`${label}: deliveries per CPU-second of the servers`, perSecond(report.delivered, usage.servers)],
    [`${label}: the same with Redis's CPU`, perSecond(report.delivered, usage.servers + usage.redis)],
    [`${label}: p50, ms`, latency?.p50 ?? 0],
    [`${label}: p99, ms`, latency?.p99 ?? 0],
    [`${label}: max, ms`, latency?.max ?? 0],
    [`${label}: CPU of the servers, % of a core`, percent(usage.servers, report)],
    [`${label}: CPU of Redis, % of a core`, percent(usage.redis, report)],
    [`${label}: CPU of the load generator, % of a core`, percent(report.cpuSeconds, report)],
  ];
}

/** What can go wrong with a delivery or a connection. Overlaps of a replaced connection are no fault. */
const faultNames = [
  'missing',
  'doubled',
  'outOfOrder',
  'strayed',
  'refused',
  'unsendable',
  'closed',
  'failed',
  'errors',
] as const satisfies readonly (keyof Report)[];

/** What went wrong in a run, or in several together, in words with the last message of the server; `none`. */
export function faultsOf(reports: Report | readonly Report[]): string {
  const all = [reports].flat();
  const found = faultNames
    .map((name) => ({ name, count: all.reduce((sum, report) => sum + report[name], 0) }))
    .filter(({ count }) => count > 0)
    .map(({ name, count }) => `${count} ${name}`);
  if (found.length === 0) return 'none';
  const lastError = all.findLast((report) => report.lastError !== '')?.lastError.trim();
  return `${found.join(', ')}${lastError === undefined ? '' : ` (${lastError})`}`;
}

function percent(cpuSeconds: number, report: Report): number {
  return (cpuSeconds / report.tookSeconds) * 100;
}

/** Less than a few ticks of the kernel's clock is no measure. */
function perSecond(count: number, cpuSeconds: number): number | string {
  return cpuSeconds < 0.05 ? 'too little CPU to tell' : count / cpuSeconds;
}
