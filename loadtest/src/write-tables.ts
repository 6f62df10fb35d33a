import { readFileSync, writeFileSync } from 'node:fs';
import { withTables } from './readme-tables.ts';

// `npm run tables -w loadtest`: puts the tables into the README.
const readme = new URL('../../README.md', import.meta.url);
writeFileSync(readme, withTables(readFileSync(readme, 'utf8')));
