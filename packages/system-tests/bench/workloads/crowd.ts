import type { Viewer } from '../generator.ts';

/** `count` viewers of a room spread evenly over the targets, the first `senders` of which send. */
export function crowd(
  targets: number,
  room: number,
  count: number,
  senders: number,
  group = 0,
): readonly Viewer[] {
  return Array.from({ length: count }, (_, n) => ({
    // Rooms begin at different targets, so that their senders are spread too.
    target: (room + n) % targets,
    room,
    group,
    kind: n < senders ? 'sender' : 'listener',
  }));
}

/** Rooms of `idlers`. */
const idleRooms = 100;

/** `count` listeners of the first target in rooms where nobody sends. */
export function idlers(count: number): readonly Viewer[] {
  return Array.from({ length: count }, (_, n) => ({
    target: 0,
    room: n % idleRooms,
    group: 0,
    kind: 'listener',
  }));
}
