import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStage } from '@roomstream/system-tests/stage';
import { type CostName, costNames, costs, measuredFile } from '../src/costs.ts';
import { connectionCosts, deliveryCosts, type Figures, messageCosts } from './costs.ts';

// Measures what things cost on this machine and prints it; with --save it keeps the figures for `npm run simulate`.
// What it doesn't measure stays as it is in the file.

const folder = mkdtempSync(join(tmpdir(), 'roomstream-measure-'));
const stage = await openStage({
  gateways: 4,
  logShippers: 1,
  env: { ROOMSTREAM_SHARDS: '1' },
  accountQuotas: { tokenLifeSeconds: 600 },
  logShipperEnv: { ROOMSTREAM_LOG_FOLDERS: `*=${folder}`, ROOMSTREAM_LOG_WINDOW_SECONDS: '5' },
});
try {
  const delivery = await deliveryCosts(stage);
  const found: Figures = {
    ...delivery,
    ...(await messageCosts(stage, delivery.delivery ?? 0)),
    ...(await connectionCosts(stage)),
  };
  for (const name of costNames) {
    const value = found[name];
    if (value !== undefined)
      process.stdout.write(`${rounded(value)} ${costs[name].unit}: ${costs[name].about}\n`);
  }
  if (process.argv.includes('--save')) save(found);
} finally {
  await stage.close();
  rmSync(folder, { recursive: true, force: true });
}

function save(found: Figures): void {
  const wrong = costNames.filter((name) => (found[name] ?? 1) <= 0);
  if (wrong.length > 0)
    throw new Error(`nothing is free, but ${wrong}: the machine does too much else, run it again`);
  const source = {
    command: 'npm run measure -w loadtest -- --save',
    date: new Date().toISOString().slice(0, 10),
    commit: execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { encoding: 'utf8' }).trim(),
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}, Node ${process.versions.node}`,
  };
  const kept = Object.fromEntries(
    costNames.map((name: CostName) => {
      const value = found[name];
      return [name, value === undefined ? costs[name].measured : { value: rounded(value), ...source }];
    }),
  );
  writeFileSync(measuredFile, `${JSON.stringify(kept, undefined, 2)}\n`);
}

/** Three digits: more would pretend. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
