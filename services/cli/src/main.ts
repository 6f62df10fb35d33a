import { commands } from './commands/commands.ts';
import { run } from './run.ts';

const { stdout, stderr } = process;
// Told to the write that failed.
stdout.on('error', () => undefined);
process.exitCode = await run(commands, process.argv.slice(2), {
  print: (text) =>
    new Promise((resolve, reject) => {
      stdout.write(text, (error?: NodeJS.ErrnoException | null) => {
        if (error === undefined || error === null) resolve(true);
        // Whoever read it (`| head`) has enough.
        else if (error.code === 'EPIPE') resolve(false);
        else reject(error);
      });
    }),
  note: (line) => void stderr.write(`${line}\n`),
  environment: environment(),
});

/** The one place of this package that looks at it. */
function environment() {
  // biome-ignore lint/style/noProcessEnv: commands take it as a value, so that tests can give another one.
  return process.env;
}
