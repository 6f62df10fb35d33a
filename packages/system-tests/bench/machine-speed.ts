import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { compileC } from './compile-c.ts';

/** How fast the machine is at a moment; `probe/speed.c` says what is done. */
export type MachineSpeed = {
  readonly millionRoundsPerSecond: number;
  readonly millionRoundsPerCpuSecond: number;
  readonly messagesPerCpuSecond: number;
};

/** Takes about half a second. */
export async function machineSpeed(): Promise<MachineSpeed> {
  const { stdout } = await promisify(execFile)(await compileC('probe'));
  return JSON.parse(stdout) as MachineSpeed;
}
