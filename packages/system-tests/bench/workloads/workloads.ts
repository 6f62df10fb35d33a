import { handshakes } from './handshakes.ts';
import { hotRoom } from './hot-room.ts';
import { idleMemory } from './idle-memory.ts';
import { manyRooms } from './many-rooms.ts';
import { oneRoom } from './one-room.ts';
import { refreshChurn } from './refresh-churn.ts';
import { slowReaders } from './slow-readers.ts';
import { tokens } from './tokens.ts';
import type { Workload } from './workload.ts';

/** In the order in which they run. */
export const workloads: readonly Workload[] = [
  oneRoom,
  manyRooms,
  idleMemory,
  handshakes,
  slowReaders,
  hotRoom,
  refreshChurn,
  tokens,
];
