// Runs a program of load tests; where nothing is built yet, it sets itself up.
import '../../services/local/bin/check-node.mjs';
import '../../services/local/bin/sdk-warning.mjs';
import { existsSync } from 'node:fs';

/** `name`: that of a file in src/. */
export async function runProgram(name) {
  const main = new URL(`../dist/src/${name}.js`, import.meta.url);
  if (!existsSync(main)) {
    const { setUp } = await import('../../services/local/bin/set-up.mjs');
    await setUp();
  }
  process.setSourceMapsEnabled(true);
  await import(main);
}
