import { readFileSync } from 'node:fs';

const pageKb = 4;
/** Clock ticks a second of /proc, 100 on every Linux of today. */
const ticksPerSecond = 100;

/** Resident memory of a process, in KB. */
export function residentKb(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * pageKb;
}

/** CPU-seconds (user and system) that a process has used. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command's name may hold spaces; fields count from behind its closing bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
