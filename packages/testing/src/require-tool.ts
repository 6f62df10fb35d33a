/**
 * Whether a suite that needs a tool runs. A newcomer who lacks it skips the suite, and the reason tells what to install;
 * with CI=true a missing tool is a failure, thrown here: there nothing may be left out unnoticed.
 */
export function requireTool(name: string, found: unknown): 'run' | 'skip' {
  if (found !== undefined && found !== null && found !== false) return 'run';
  if (process.env['CI'] === 'true')
    throw new Error(`${name} is missing, and CI=true lets nothing be skipped`);
  return 'skip';
}
