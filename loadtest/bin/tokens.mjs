// `npm run tokens`: mints chat tokens into a file that the scenarios read.
import { runProgram } from './run.mjs';

await runProgram('tokens');
