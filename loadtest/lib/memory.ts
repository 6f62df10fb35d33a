import http from 'k6/http';
import { Gauge } from 'k6/metrics';
import { inBackground, pause } from './member.ts';
import { fail } from './metrics.ts';
import { slopeOf } from './pure/slope.ts';

/** Resident memory of a process, by the `admin` port that tells it. */
export const memory = new Gauge('server_memory_mb');
/** How fast it grows: the line through its values, the first quarter of the time left out. */
export const memorySlope = new Gauge('server_memory_mb_per_hour');

const hourMs = 3_600_000;
const megabyte = 2 ** 20;

/** Reads a process's memory from time to time, and says at the end how it grew: the work of one virtual user. */
export function measureMemory(admin: string, fromMs: number, toMs: number): void {
  const settledMs = fromMs + (toMs - fromMs) / 4;
  const everyMs = Math.min(10_000, (toMs - fromMs) / 20);
  const points: { readonly x: number; readonly y: number }[] = [];
  inBackground(async () => {
    for (let dueMs = fromMs; dueMs < toMs; dueMs += everyMs) {
      await pause(dueMs - Date.now());
      const megabytes = (await residentBytes(admin)) / megabyte;
      if (Number.isNaN(megabytes)) continue;
      memory.add(megabytes, { admin });
      if (dueMs >= settledMs) points.push({ x: dueMs / hourMs, y: megabytes });
    }
    memorySlope.add(slopeOf(points), { admin });
  });
}

async function residentBytes(admin: string): Promise<number> {
  try {
    const response = await http.asyncRequest('GET', `${admin}/metrics`, null, { tags: { name: 'metrics' } });
    const text = typeof response.body === 'string' ? response.body : '';
    const match = /^process_resident_memory_bytes(?:\{[^}]*\})? (\S+)/m.exec(text);
    if (match !== null) return Number(match[1]);
    fail('memory', `${admin} tells nothing of its memory (${response.status})`);
  } catch (error) {
    fail('memory', `${admin}: ${String(error)}`);
  }
  return Number.NaN;
}
