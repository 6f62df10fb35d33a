import { settingsMarkdown } from '../lib/pure/settings.ts';
import { cellOf } from './capacity.ts';
import { capacityTable, costsTable } from './capacity-report.ts';
import { measuredCosts } from './costs.ts';
import { checkDemand, type Demand, ordinary } from './demand.ts';

const sizes = [10_000, 100_000, 1_000_000, 10_000_000];

/** The tables of the README by the name of their place. `npm run tables -w loadtest` puts them there; a test compares. */
export function readmeTables(): Readonly<Record<string, string>> {
  return {
    settings: settingsMarkdown(),
    worked: table(sizes, {}),
    cells: table([10_000_000], { cells: 10 }),
    event: table(sizes, { messagesPerRoom: 10 }, (viewers) => ({ viewersPerRoom: viewers })),
    costs: costsTable(),
  };
}

/** A text with its tables replaced. */
export function withTables(text: string): string {
  return Object.entries(readmeTables()).reduce(
    (result, [name, content]) =>
      result.replace(
        new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- /${name} -->)`),
        (_, begin: string, end: string) => `${begin}\n${content}\n\n${end}`,
      ),
    text,
  );
}

function table(
  viewers: readonly number[],
  common: Partial<Demand>,
  own: (viewers: number) => Partial<Demand> = () => ({}),
): string {
  const columns = viewers.map((count) => {
    const demand = checkDemand({ ...ordinary, ...common, ...own(count), viewers: count });
    return { demand, cell: cellOf(demand, measuredCosts) };
  });
  return capacityTable(columns);
}
