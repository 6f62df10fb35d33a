import { resolve } from 'node:path';
import { processOutput } from '@roomstream/log-shipper/replay/process-output';
import { replay } from '@roomstream/log-shipper/replay/replay';
import { ReplayError } from '@roomstream/log-shipper/replay/replay-error';
import { readReplayOptions, replayUsage } from '@roomstream/log-shipper/replay/replay-options';
import { openReplaySource, replaySettings } from '@roomstream/log-shipper/replay/replay-source';
import { readSettings, SettingsError } from '@roomstream/runtime/settings';
import { findLogs } from './find-logs.ts';
import { PlainError } from './plain-error.ts';
import { localSettings } from './settings.ts';

await main().catch((error: unknown) => {
  process.exitCode = statusOf(error);
  process.stderr.write(`${(error as Error).message}\n`);
});

async function main(): Promise<void> {
  const options = readReplayOptions(process.argv.slice(2), Date.now());
  const output = processOutput();
  if (options === 'help') {
    await output.write(Buffer.from(replayUsage));
    return;
  }
  const settings = readSettings(replaySettings);
  const dataFolder = resolve(readSettings({ folder: localSettings.folder }).folder);
  const { room, destination } = await findLogs(options.room, options.destination, dataFolder);
  const source = openReplaySource(destination, room.region, settings);
  const span = { room, fromMs: options.fromMs, toMs: options.toMs };
  process.exitCode = await replay(source, span, options.format, output);
  source.close();
}

function statusOf(error: unknown): number {
  if (error instanceof ReplayError) return error.status;
  if (error instanceof SettingsError) return 2;
  if (error instanceof PlainError) return 1;
  throw error;
}
