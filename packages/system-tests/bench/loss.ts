import { runRecovery, type Sums } from '../src/recovery-run.ts';
import type { Row } from './table.ts';

/**
 * The unmodified official client in the storm of `fault/recovery-clients.test.ts`, for as long as one likes: what 200
 * users missed, and for comparison what they miss without recovery in a tenth of the time.
 */
export async function benchLoss(seconds: number): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const [name, windowSeconds, share] of [
    ['recovery', 30, 1],
    ['without recovery', 0, 0.1],
  ] as const) {
    const seed = Date.now() % 1_000_000;
    const outcome = await runRecovery({
      users: 200,
      rooms: 5,
      rate: 50,
      seconds: Math.max(10, seconds * share),
      windowSeconds,
      secondsBetweenCuts: 30,
      seed,
    });
    const { cuts, kills, drains, returns, steady, refreshing, messages, gaveUp } = outcome;
    const did = `${cuts}, ${kills}, ${drains}, ${returns}`;
    rows.push(
      [`${name}: messages, clients that gave up`, `${messages}, ${gaveUp.length}`],
      [`${name}: cuts, gateways killed, drained, returns`, `${did} (seed ${seed})`],
      ...sumRows(`${name}, steady clients`, steady),
      ...sumRows(`${name}, clients that refresh`, refreshing),
    );
  }
  return rows;
}

function sumRows(name: string, sums: Sums): readonly Row[] {
  const { owed, missing, doubled, misordered, strays, forgotten, stories } = sums;
  return [
    [`${name}: owed, missing, forgotten by refreshes`, `${owed}, ${missing}, ${forgotten}`],
    [`${name}: doubled, out of order, strayed`, `${doubled}, ${misordered}, ${strays}`],
    ...stories.slice(0, 5).map((story): Row => [`${name}: for example`, story]),
  ];
}
