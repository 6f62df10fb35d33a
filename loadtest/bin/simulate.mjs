// `npm run simulate`: says what so many viewers need.
import { runProgram } from './run.mjs';

await runProgram('simulate');
