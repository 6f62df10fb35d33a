import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** A redis-server that can be run, or what to do to have one. */
export type RedisProgram =
  | { readonly kind: 'found'; readonly command: string; readonly version: string }
  | { readonly kind: 'missing'; readonly advice: string };

/** Sharded pub/sub, which the bus uses, came with this version. */
const leastMajor = 7;

/**
 * Finds redis-server or valkey-server on PATH. When there is none and the user is root on Debian or Ubuntu, installs it;
 * `say` gets a line before that begins.
 */
export async function findRedisServer(say: (line: string) => void): Promise<RedisProgram> {
  const found = findOnPath();
  if (found.length === 0 && canInstall()) {
    say('redis-server is not installed; installing it with apt-get…');
    install();
    return judge(findOnPath());
  }
  return judge(found);
}

type Candidate = { readonly command: string; readonly version: string };

function findOnPath(): Candidate[] {
  return ['redis-server', 'valkey-server'].flatMap((command) => {
    const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
    const version = status === 0 ? versionIn(stdout) : undefined;
    return version === undefined ? [] : [{ command, version }];
  });
}

/** The version in what `redis-server --version` prints: `Redis server v=7.0.15 sha=…`. */
export function versionIn(output: string): string | undefined {
  return /\bv=([0-9]+\.[0-9]+(?:\.[0-9]+)?)/.exec(output)?.[1];
}

/** Which of the servers found will do, or one line that says what to do. */
export function judge(found: readonly Candidate[]): RedisProgram {
  const good = found.find(({ version }) => Number.parseInt(version, 10) >= leastMajor);
  if (good !== undefined) return { kind: 'found', ...good };
  const old = found[0];
  if (old !== undefined) {
    return {
      kind: 'missing',
      advice: `${old.command} is version ${old.version} and Roomstream needs 7 or later: install a newer one (https://redis.io/docs/latest/operate/oss_and_stack/install/), or set REDIS_URL to a Redis elsewhere.`,
    };
  }
  return {
    kind: 'missing',
    advice: `redis-server is not installed. Type: ${installLine()} (or set REDIS_URL to a Redis elsewhere)`,
  };
}

function installLine(): string {
  if (process.platform === 'darwin') return 'brew install redis';
  if (isDebian()) return 'sudo apt-get update && sudo apt-get install -y redis-server';
  if (existsSync('/etc/fedora-release')) return 'sudo dnf install -y valkey';
  if (existsSync('/etc/arch-release')) return 'sudo pacman -S valkey';
  return 'docker run -d -p 6379:6379 redis:7 redis-server --appendonly yes; export REDIS_URL=redis://127.0.0.1:6379';
}

function isDebian(): boolean {
  return existsSync('/etc/debian_version');
}

function canInstall(): boolean {
  return process.getuid?.() === 0 && isDebian();
}

function install(): void {
  // RUNLEVEL=1 keeps the package from starting a Redis of its own on port 6379.
  const environment = ['DEBIAN_FRONTEND=noninteractive', 'RUNLEVEL=1'];
  const stdio: ['ignore', 'ignore', 'inherit'] = ['ignore', 'ignore', 'inherit'];
  spawnSync('env', [...environment, 'apt-get', 'update', '-qq'], { stdio });
  const options = ['-y', '-qq', '--no-install-recommends'];
  spawnSync('env', [...environment, 'apt-get', 'install', ...options, 'redis-server'], { stdio });
}
