// `npm run chat`: joins a room of a running `npm start`, which has built it already.
import './check-node.mjs';
import './sdk-warning.mjs';
import { existsSync } from 'node:fs';

const main = new URL('../dist/src/chat.js', import.meta.url);
if (!existsSync(main)) {
  console.error('Roomstream is not built yet: run npm start first, in another terminal.');
  process.exit(1);
}
await import(main);
