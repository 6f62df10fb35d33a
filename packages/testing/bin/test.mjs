// `npm test [-- path …]`: sets itself up, runs every *.test.js of the build in the order of its kinds, and ends with one
// line of counts. Arguments are parts of paths (`packages/bus`, `fault`, `fanout.test`); none means everything.
import '../../../services/local/bin/check-node.mjs';

const { setUp, root } = await import('../../../services/local/bin/set-up.mjs');
await setUp();
process.env.ROOMSTREAM_IS_SET_UP = 'true';
const { findRedisServer } = await import('../../../services/local/dist/src/redis-program.js');
const { helmProgram } = await import('../dist/src/helm.js');
const { k6Program } = await import('../dist/src/k6.js');
const { testFiles } = await import('./test-files.mjs');
const { runFiles } = await import('./run-files.mjs');

const redis = await findRedisServer((line) => console.error(line));
if (redis.kind === 'missing') {
  console.error(redis.advice);
  process.exit(1);
}

const begun = Date.now();
const kinds = testFiles(root, process.argv.slice(2));
// Building them takes minutes, and those who need them come last. They say what is wrong when it fails.
const areWanted = (path) => kinds.some(({ files }) => files.some((file) => file.startsWith(path)));
const k6 = areWanted('loadtest/dist/conformance/') ? k6Program() : Promise.resolve();
// One after the other, so that tests keep a processor.
k6.catch(() => undefined)
  .then(() => (areWanted('deploy/dist/conformance/chart') ? helmProgram() : undefined))
  .catch(() => undefined);
const counts = { passed: 0, failed: 0, skipped: 0 };
for (const { kind, files, timeoutMs } of kinds) {
  if (files.length === 0) continue;
  console.log(`\n${kind}`);
  await runFiles(root, files, timeoutMs, counts);
}
console.log(`\n${Math.round((Date.now() - begun) / 1000)} s`);
if (counts.passed + counts.failed === 0) console.log('No tests have run.');
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
