import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Why a suite that needs a program must be skipped: `describe('…', { skip: needs('python3') }, …)`. False when the
 * program is on PATH. The runner (`npm test`) turns a skip for such a reason into a failure where CI=true.
 */
export function needs(...programs: readonly string[]): string | false {
  const missing = programs.filter((program) => !isOnPath(program));
  return missing.length === 0 ? false : `needs ${missing.join(' and ')}, not found on PATH`;
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      // Not here; the next folder may have it.
      return false;
    }
  });
}
