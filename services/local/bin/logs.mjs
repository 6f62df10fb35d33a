// `npm run logs`: reads chat logs back. Where nothing is built yet, on a machine that has only the logs, it sets itself up.
import './check-node.mjs';
import './sdk-warning.mjs';
import { existsSync } from 'node:fs';

const main = new URL('../dist/src/logs.js', import.meta.url);
if (!existsSync(main)) {
  const { setUp } = await import('./set-up.mjs');
  await setUp();
}
process.setSourceMapsEnabled(true);
await import(main);
