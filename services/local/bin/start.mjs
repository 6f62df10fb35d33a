// `npm start`, `npm run gateway`, `npm run control-plane`, `npm run review-worker`, `npm run log-shipper`: sets up what is
// missing, then runs the service in this very process, so that its input, output and signals are the user's.
import { fileURLToPath } from 'node:url';
import './check-node.mjs';
import './sdk-warning.mjs';

const mains = {
  local: 'services/local/dist/src/main.js',
  gateway: 'services/gateway/dist/src/main.js',
  'control-plane': 'services/control-plane/dist/src/main.js',
  'review-worker': 'services/review-worker/dist/src/main.js',
  'log-shipper': 'services/log-shipper/dist/src/main.js',
};

const name = process.argv[2] ?? 'local';
if (!Object.hasOwn(mains, name)) {
  console.error(`There is no service ${name}: ${Object.keys(mains).join(', ')}.`);
  process.exit(1);
}
const { setUp } = await import('./set-up.mjs');
await setUp();
process.setSourceMapsEnabled(true);
const main = new URL(`../../../${mains[name]}`, import.meta.url);
// The service finds its own arguments where a program expects them.
process.argv.splice(1, 2, fileURLToPath(main));
await import(main);
