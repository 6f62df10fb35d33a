import { spawn } from 'node:child_process';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const patienceMs = 10_000;
const mostOutput = 1024 * 1024;

/**
 * Runs a command to its end. Resolves with `status` (or `signal`, or `error` when it can't be started) and with the
 * `output` of a quiet one. A Ctrl-C (or SIGTERM, SIGHUP) meanwhile is passed on and its end awaited: npm tidies up, and
 * what it still writes would be in the way of the next start. Then `interruptedBy` is the signal.
 */
export function runCommand(command, args, { cwd, env, isQuiet = false, onPid }) {
  return new Promise((resolve) => {
    // Progress goes to stderr: stdout is the program's own.
    const child = spawn(command, args, {
      cwd,
      env,
      // Out of reach of the terminal, which sends Ctrl-C to everybody, while npm passes it on as well: once is enough.
      detached: true,
      stdio: isQuiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 2, 2],
    });
    if (child.pid !== undefined) onPid?.(child.pid);
    let output = '';
    let interruptedBy;
    const add = (chunk) => {
      output = (output + chunk).slice(-mostOutput);
    };
    child.stdout?.on('data', add);
    child.stderr?.on('data', add);
    const interrupt = (signal) => {
      if (interruptedBy !== undefined) return;
      interruptedBy = signal;
      child.kill(signal);
      setTimeout(() => child.kill('SIGKILL'), patienceMs).unref();
    };
    const finish = (result) => {
      for (const signal of signals) process.off(signal, interrupt);
      resolve({ output, interruptedBy, ...result });
    };
    for (const signal of signals) process.on(signal, interrupt);
    child.once('error', (error) => finish({ error }));
    child.once('close', (status, signal) => finish({ status, signal }));
  });
}
