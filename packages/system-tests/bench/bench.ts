import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startHandlerProcess } from '../src/handler-process.ts';
import { lambdaEnv } from '../src/lambda-env.ts';
import { openStage } from '../src/stage.ts';
import { benchLogging } from './logging.ts';
import { benchLoss } from './loss.ts';
import { machineFacts } from './machine.ts';
import { benchMasters } from './masters.ts';
import { peers } from './peers/peers.ts';
import { benchRecovery } from './recovery.ts';
import { benchReview } from './review.ts';
import { benchRollingUpdate } from './rolling-update.ts';
import { type Outcome, runSideBySide, sideBySideTable } from './side-by-side.ts';
import { benchSoak } from './soak.ts';
import { summaryTable, withSummary } from './summary.ts';
import { type Row, table } from './table.ts';
import { workloads } from './workloads/workloads.ts';

// `npm run bench [-- workload…]`: the figures of this machine, never a gate. README.md beside this file has the options.

/** What no peer has, or is asked alone. */
const ownWorkloads: Readonly<Record<string, (seconds: number) => Promise<readonly Row[]>>> = {
  review,
  logging: benchLogging,
  masters: benchMasters,
  recovery: benchRecovery,
  soak: benchSoak,
  loss: benchLoss,
  'rolling-update': benchRollingUpdate,
};
/** Those that mean nothing in a short time, or need a machine of their own, run only when they are named. */
const onlyNamed: readonly string[] = ['soak', 'loss', 'rolling-update'];
const names = [...workloads.map(({ name }) => name), ...Object.keys(ownWorkloads)];
const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '20' },
    peers: { type: 'string', default: peers.map(({ name }) => name).join() },
    json: { type: 'string', default: fileURLToPath(new URL('../../.cache/bench.json', import.meta.url)) },
    save: { type: 'boolean', default: false },
  },
});
const peerNames = options.peers.split(',');
refuseUnknown('workload', wanted, names);
refuseUnknown(
  'peer',
  peerNames,
  peers.map(({ name }) => name),
);
const seconds = Number(options.seconds);
if (!(seconds >= 1)) throw new Error('--seconds must be at least 1');

// Through `exit`, where what was started is ended.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const facts = machineFacts();
const sections: string[] = [];
const outcomes: Outcome[] = [];
const tell = (text: string) => {
  process.stdout.write(`\n${text}\n`);
  sections.push(text);
};

tell(table(['machine', ''], facts));
for (const workload of workloads.filter(({ name }) => isWanted(name))) {
  const some = await runSideBySide(
    workload,
    peers.filter(({ name }) => peerNames.includes(name)),
    seconds,
  );
  outcomes.push(...some);
  tell(`## ${workload.name}: ${workload.about}\n\n${sideBySideTable(some)}`);
}
const own: Record<string, Record<string, string>> = {};
for (const [name, bench] of Object.entries(ownWorkloads).filter(([name]) => isWanted(name))) {
  const rows = await bench(seconds);
  own[name] = Object.fromEntries(rows);
  tell(`## ${name}\n\n${table(['figure', 'value'], rows)}`);
}
tell(peers.map(({ name, about }) => `- ${name}: ${about}`).join('\n'));

const all = { machine: Object.fromEntries(facts), seconds, outcomes, ...own };
const json = `${JSON.stringify(all, null, 2)}\n`;
mkdirSync(dirname(options.json), { recursive: true });
writeFileSync(options.json, json);
process.stderr.write(`\nThe same as JSON: ${options.json}\n`);
if (options.save) save();
if (outcomes.some(({ failure }) => failure?.startsWith('failed') === true)) process.exitCode = 1;

function isWanted(name: string): boolean {
  return wanted.includes(name) || (wanted.length === 0 && !onlyNamed.includes(name));
}

function refuseUnknown(kind: string, given: readonly string[], known: readonly string[]): void {
  const unknown = given.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`There is no ${kind} ${unknown.join()}: ${known.join(', ')}.`);
}

async function review(): Promise<readonly Row[]> {
  const handlers = await startHandlerProcess();
  try {
    const stage = await openStage({ gateways: 2, reviewWorkers: 2, env: lambdaEnv(handlers.url) });
    try {
      return await benchReview(stage, handlers.pid);
    } finally {
      await stage.close();
    }
  } finally {
    await handlers.stop();
  }
}

function save(): void {
  const file = (name: string) => new URL(`../../bench/${name}`, import.meta.url);
  const head =
    '# Results\n\nThe last run of `npm run bench -- --save`: figures of one machine, not a gate. The servers, Redis and the load\ngenerator share its processors.';
  writeFileSync(file('RESULTS.md'), `${[head, ...sections].join('\n\n')}\n`);
  writeFileSync(file('RESULTS.json'), json);
  // Of some workloads alone the front page would lose the others.
  if (workloads.some(({ name }) => !isWanted(name))) return;
  const readme = new URL('../../../../README.md', import.meta.url);
  writeFileSync(readme, withSummary(readFileSync(readme, 'utf8'), summaryTable(outcomes, facts)));
}
