import { writeFileSync } from 'node:fs';
import { startHandlerProcess } from '../src/handler-process.ts';
import { lambdaEnv } from '../src/lambda-env.ts';
import { openStage, type Stage, type StageOptions } from '../src/stage.ts';
import { benchIdleConnections } from './idle-connections.ts';
import { machineFacts } from './machine.ts';
import { benchOneRoom } from './one-room.ts';
import { benchReview } from './review.ts';
import { type Row, table } from './table.ts';

// Prints the figures of this machine; with --save it also keeps them in RESULTS.md. Names of parts leave out the others.

/** One fleet for each part, so that none inherits the other's memory. */
async function onStage<T>(options: StageOptions, bench: (stage: Stage) => Promise<T>): Promise<T> {
  const stage = await openStage({ gateways: 2, ...options });
  try {
    return await bench(stage);
  } finally {
    await stage.close();
  }
}

async function review(): Promise<readonly Row[]> {
  const handlers = await startHandlerProcess();
  try {
    const options = { reviewWorkers: 2, env: lambdaEnv(handlers.url) };
    return await onStage(options, (stage) => benchReview(stage, handlers.pid));
  } finally {
    await handlers.stop();
  }
}

// Tokens live long enough to be minted beforehand.
const patient = { accountQuotas: { tokenLifeSeconds: 600 } };
const parts: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  'one-room': () => onStage(patient, benchOneRoom),
  'idle-connections': () => onStage(patient, benchIdleConnections),
  review,
};

const facts = machineFacts();
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const rows: Row[] = [];
for (const [name, bench] of Object.entries(parts)) {
  if (wanted.length === 0 || wanted.includes(name)) rows.push(...(await bench()));
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
