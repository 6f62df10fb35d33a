import { parseArgs } from 'node:util';
import { markdownTable } from '../lib/pure/settings.ts';
import { cellOf } from './capacity.ts';
import { capacityTable, costsTable, notesOf } from './capacity-report.ts';
import { measuredCosts } from './costs.ts';
import { checkDemand, type Demand, demandMeanings, ordinary } from './demand.ts';
import { quotasOf } from './quotas-of.ts';

const names = Object.keys(demandMeanings) as (keyof Demand)[];
const option = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const options = names.map(
  (name) =>
    `  --${option(name)} <number>`.padEnd(38) +
    `${demandMeanings[name]}${name === 'viewers' ? '' : ` (${ordinary[name]})`}`,
);
const usage = `Says what so many viewers need, by what things were measured to cost.

  npm run simulate -- --viewers 100000 [--viewers 1000000 ...]

${options.join('\n')}
  --costs                               prints what things cost, and stops
`;

type Given = readonly string[] | undefined;

try {
  main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}

function main(): void {
  const { values } = parseArgs({
    options: {
      ...Object.fromEntries(names.map((name) => [option(name), { type: 'string' as const, multiple: true }])),
      costs: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const given = (name: string) => (values as Readonly<Record<string, unknown>>)[option(name)] as Given;
  if (values.costs) {
    process.stdout.write(`${costsTable()}\n`);
    return;
  }
  const counts = given('viewers');
  if (values.help || counts === undefined) {
    process.stdout.write(usage);
    if (!values.help) process.exitCode = 1;
    return;
  }
  const rest = Object.fromEntries(
    names.map((name) => [name, Number(given(name)?.at(-1) ?? ordinary[name as keyof typeof ordinary])]),
  );
  const columns = counts.map((viewers) => {
    const demand = checkDemand({ ...(rest as Demand), viewers: Number(viewers) });
    return { demand, cell: cellOf(demand, measuredCosts) };
  });
  process.stdout.write(`${capacityTable(columns)}\n\n`);
  const last = columns.at(-1);
  if (last === undefined) return;
  const quotas = Object.entries(quotasOf(last.cell)).map(([name, value]) => [`\`${name}\``, `${value}`]);
  for (const { demand, cell } of columns) process.stdout.write(notesOf(demand, cell));
  process.stdout.write(`Quotas that an account needs, alone on a cell of the last column:\n\n`);
  process.stdout.write(`${markdownTable(['quota', 'at least'], quotas)}\n`);
}
