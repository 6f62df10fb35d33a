import { type ChildProcess, spawn } from 'node:child_process';

/** How a program runs inside of a root folder. */
export type Rooted = {
  readonly root: string;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `user:group` by number; the superuser when absent. */
  readonly user?: string;
  /** Folders of this machine in the place of folders of the root, writable. */
  readonly mounts?: Readonly<Record<string, string>>;
  /** Nothing can be written but in `mounts` and /tmp. */
  readonly isReadOnly?: boolean;
};

/** What a program inside needs of this machine to reach the network as this machine does: names, certificates. */
const ofTheNetwork = ['/etc/resolv.conf', '/etc/hosts', '/etc/ssl'];

/**
 * Starts a program with a root folder of its own, in mounts that end with it. Needs to be root; signals reach the program
 * itself.
 */
export function spawnRooted(options: Rooted, command: readonly string[]): ChildProcess {
  const { root, workdir, env, user, mounts = {}, isReadOnly = false } = options;
  const inside = (path: string) => quoted(`${root}${path}`);
  const lines = [
    `mount --bind ${quoted(root)} ${quoted(root)}`,
    ...(user === undefined ? ofTheNetwork.map((path) => bind(path, inside(path))) : []),
    `mkdir -p ${inside('/proc')} ${inside('/dev')} ${inside('/tmp')}`,
    `mount -t proc proc ${inside('/proc')}`,
    `mount --rbind /dev ${inside('/dev')}`,
    ...(isReadOnly
      ? [`mount -o remount,bind,ro ${quoted(root)}`, `mount -t tmpfs tmpfs ${inside('/tmp')}`]
      : []),
    ...Object.entries(mounts).map(([path, folder]) => `mount --bind ${quoted(folder)} ${inside(path)}`),
    `exec chroot ${user === undefined ? '' : `--userspec=${user}`} ${quoted(root)} /usr/bin/env -C ${quoted(workdir)} "$@"`,
  ];
  return spawn('unshare', ['--mount', 'sh', '-ec', lines.join('\n'), 'sh', ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...env },
  });
}

/** Runs it to its end; rejects with what it said when it fails. */
export async function runRooted(options: Rooted, command: readonly string[]): Promise<string> {
  const child = spawnRooted(options, command);
  let output = '';
  const collect = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (status !== 0) throw new Error(`${command.join(' ')}: exit status ${status}\n${output.slice(-4_000)}`);
  return output;
}

/** A file or folder of this machine, read-only, if both sides have it. */
function bind(path: string, target: string): string {
  return `if [ -e ${quoted(path)} ]; then [ -e ${target} ] || { [ -d ${quoted(path)} ] && mkdir -p ${target} || touch ${target}; }; mount --bind ${quoted(path)} ${target}; fi`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
