import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from './run-command.mjs';
import { whileAlone } from './set-up-lock.mjs';

/** The repository's folder. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Installs and builds what is missing or stale; a failure ends the process with a sentence. */
export async function setUp() {
  // `npm test` has done it for the commands that its tests run; a build under running tests would disturb them.
  if (process.env.ROOMSTREAM_IS_SET_UP === 'true') return;
  const lock = join(root, '.cache', 'set-up.lock');
  await whileAlone(
    lock,
    (line) => console.error(line),
    async (onPid) => {
      if (!isInstalled()) await install(onPid);
      await build(onPid);
    },
  );
}

async function install(onPid) {
  console.error('Installing the dependencies (npm ci)…');
  const [command, before] = npm();
  // --include=dev: the compiler is one of them, also when the user's shell has NODE_ENV=production.
  // --loglevel: also after `npm -s start` it has to say why it failed, and nothing about the user's own .npmrc.
  const options = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  await run(command, [...before, ...options], { onPid }, 'npm ci failed');
}

/** Compiles what has changed. turbo compares the contents of the sources with those of the last build. */
async function build(onPid) {
  const turbo = join(root, 'node_modules', 'turbo', 'bin', 'turbo');
  const env = { TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', TURBO_NO_UPDATE_NOTIFIER: '1' };
  const options = ['--output-logs=errors-only', '--log-prefix=none', '--cache=local:rw'];
  console.error('Building what has changed…');
  const args = [turbo, 'run', 'build', ...options];
  await run(process.execPath, args, { env, isQuiet: true, onPid }, 'The build failed');
}

/**
 * Whether node_modules holds what package-lock.json asks for: npm keeps a lock file of its own in there. Packages for
 * other platforms are optional and absent.
 */
export function isInstalled(folder = root) {
  const wanted = packagesOf(join(folder, 'package-lock.json'));
  const present = packagesOf(join(folder, 'node_modules', '.package-lock.json'));
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.startsWith('node_modules/') && !path.includes('/node_modules/')) return true;
    const installed = present[path];
    if (installed === undefined) return entry.optional === true || entry.devOptional === true;
    return installed.version === entry.version && existsSync(join(folder, path));
  });
}

function packagesOf(lockFile) {
  return existsSync(lockFile) ? JSON.parse(readFileSync(lockFile, 'utf8')).packages : {};
}

/** The npm that runs this script, or the one on PATH. */
function npm() {
  const path = process.env.npm_execpath;
  return path !== undefined && basename(path) === 'npm-cli.js' ? [process.execPath, [path]] : ['npm', []];
}

async function run(command, args, { env, ...options }, failure) {
  const result = await runCommand(command, args, { cwd: root, env: { ...process.env, ...env }, ...options });
  const { status, signal, error, output, interruptedBy } = result;
  if (interruptedBy !== undefined) {
    end(128 + constants.signals[interruptedBy], 'Interrupted; the next start goes on from here.');
  }
  if (status === 0) return;
  if (output.trim() !== '') console.error(output.trimEnd());
  const reason = error === undefined ? (signal ?? `exit status ${status}`) : error.message;
  end(1, `${failure} (${reason}); what it says above must be mended first.`);
}

function end(status, line) {
  console.error(line);
  process.exit(status);
}
