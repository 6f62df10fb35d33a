// `npm run bench [-- workload …]`: sets itself up, then measures. packages/system-tests/bench/README.md tells more.
import '../../../services/local/bin/check-node.mjs';

const { setUp } = await import('../../../services/local/bin/set-up.mjs');
await setUp();
try {
  await import('../dist/bench/bench.js');
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
