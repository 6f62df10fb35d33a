import { writeFileSync } from 'node:fs';
import { openStage } from '../src/stage.ts';
import { benchIdleConnections } from './idle-connections.ts';
import { machineFacts } from './machine.ts';
import { benchOneRoom } from './one-room.ts';
import { type Row, table } from './table.ts';

// Prints the figures of this machine; with --save it also keeps them in RESULTS.md.

const facts = machineFacts();
const rows: Row[] = [];
// One fleet for each part, so that none inherits the other's memory. Tokens live long enough to be minted beforehand.
for (const bench of [benchOneRoom, benchIdleConnections]) {
  const stage = await openStage({ gateways: 2, accountQuotas: { tokenLifeSeconds: 600 } });
  try {
    rows.push(...(await bench(stage)));
  } finally {
    await stage.close();
  }
}
const text = `${table(['machine', ''], facts)}\n\n${table(['figure', 'value'], rows)}\n`;
process.stdout.write(`\n${text}`);
if (process.argv.includes('--save')) {
  const results = new URL('../../bench/RESULTS.md', import.meta.url);
  writeFileSync(
    results,
    `# Results\n\nThe last run of \`npm run bench -- --save\`: figures of one machine, not a gate. Gateways, control plane, Redis and the\nload generator share its processors.\n\n${text}`,
  );
}
