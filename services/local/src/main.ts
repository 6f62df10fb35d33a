import { fileURLToPath } from 'node:url';
import { openLog } from '@roomstream/runtime/log';
import { endOnUnhandled, onStopSignal } from '@roomstream/runtime/process';
import { SettingsError } from '@roomstream/runtime/settings';
import { guide } from './guide.ts';
import { startLocal } from './local.ts';
import { type AllSettings, readAllSettings } from './local-settings.ts';
import { PlainError } from './plain-error.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url)).replace(/\/$/, '');

await main();

async function main(): Promise<void> {
  const settings = readOrEnd();
  const log = openLog('local', settings.process.logLevel);
  endOnUnhandled(log);
  const starting = startLocal(settings, log);
  let isStopping = false;
  onStopSignal(async () => {
    isStopping = true;
    setTimeout(() => process.exit(1), settings.process.stopSeconds * 1000).unref();
    process.stderr.write('Stopping…\n');
    const local = await starting;
    await local.stop();
    process.stderr.write('Roomstream has stopped; the next start finds its rooms again.\n');
    process.exit(0);
  });
  // A closed terminal is a wish to stop as well.
  process.on('SIGHUP', () => process.emit('SIGTERM', 'SIGTERM'));
  try {
    const { running } = await starting;
    if (!isStopping) process.stdout.write(guide(running, root));
  } catch (error) {
    end(1, error instanceof PlainError ? error.message : `Roomstream could not start: ${sayOf(error)}`);
  }
}

function readOrEnd(): AllSettings {
  try {
    return readAllSettings();
  } catch (error) {
    if (error instanceof SettingsError) end(2, error.message);
    if (error instanceof PlainError) end(1, error.message);
    throw error;
  }
}

/** Parts of the services say plainly what they lack; a stack helps only where the fault is in the program. */
function sayOf(error: unknown): string {
  if (!(error instanceof Error)) return `${error}`;
  const isBug = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  return (isBug ? error.stack : undefined) ?? error.message;
}

function end(status: number, line: string): never {
  process.stderr.write(`${line}\n`);
  process.exit(status);
}
