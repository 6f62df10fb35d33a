import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's folder. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Installs and builds what is missing or stale; a failure ends the process with a sentence. */
export function setUp() {
  // `npm test` has done it for the commands that its tests run; a build under running tests would disturb them.
  if (process.env.ROOMSTREAM_IS_SET_UP === 'true') return;
  if (!isInstalled()) {
    console.error('Installing the dependencies (npm ci)…');
    // --include=dev: the compiler is one of them, also when the user's shell has NODE_ENV=production.
    run(...npm(), ['ci', '--include=dev', '--no-audit', '--no-fund'], {}, 'npm ci failed');
  }
  build();
}

/** Compiles what has changed. turbo compares the contents of the sources with those of the last build. */
function build() {
  const turbo = join(root, 'node_modules', 'turbo', 'bin', 'turbo');
  const environment = { TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', TURBO_NO_UPDATE_NOTIFIER: '1' };
  const options = ['--output-logs=errors-only', '--log-prefix=none', '--cache=local:rw'];
  console.error('Building what has changed…');
  run(process.execPath, [turbo], ['run', 'build', ...options], environment, 'The build failed', true);
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

function run(command, before, after, environment, failure, isQuiet = false) {
  const { status, signal, error, output } = spawnSync(command, [...before, ...after], {
    cwd: root,
    // Progress goes to stderr: stdout is the program's own.
    stdio: isQuiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 2, 2],
    env: { ...process.env, ...environment },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === 0) return;
  if (isQuiet && output !== null) console.error(output.join(''));
  const reason = error === undefined ? (signal ?? `exit status ${status}`) : error.message;
  console.error(`${failure} (${reason}); what it says above must be mended first.`);
  process.exit(1);
}
