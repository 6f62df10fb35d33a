import { collectingWindowMs, RoomLoad } from './collecting-window.ts';
import type { Metrics } from './metrics.ts';
import type { LocalRoom } from './session.ts';
import type { Transport } from './transport.ts';

/** What `Outgoing` keeps of a room. Frames in their order, and between them what has to be done between them. */
export class RoomQueue {
  readonly load = new RoomLoad();
  waiting: (Buffer | (() => void))[] = [];
  frames = 0;
  bytes = 0;
  /** When the first of what waits was added, and when the connections were last written to. */
  sinceMs = 0;
  /** How old that frame was by then. */
  ageMs = 0;
  writtenAtMs = Number.NEGATIVE_INFINITY;
  timer: NodeJS.Timeout | undefined = undefined;
}

/** What it works with. */
export type OutgoingParts = {
  readonly transport: Pick<Transport, 'publish'>;
  readonly metrics: Pick<Metrics, 'collected' | 'written'>;
  /** Longest time for which frames are collected; 0: never. */
  readonly mostCollectingMs: number;
  readonly nowMs: () => number;
};

/** Timers can't be shorter. */
const leastWindowMs = 1;

/**
 * The library writes to a connection once for so many frames, and so many bytes, that were published in one turn: to
 * collect more saves nothing.
 */
const mostFrames = 32;
const mostBytes = 16 * 1024;

/**
 * The way of a room's frames to its connections. What a busy room costs is one system call for every connection and
 * write; so its frames are collected for a moment, and written together. A quiet room's are written at once. Frames
 * share memory with what was read from Redis, so all that waits is at most what came in that moment.
 */
export class Outgoing {
  readonly #parts: OutgoingParts;
  readonly #waiting = new Set<LocalRoom>();

  constructor(parts: OutgoingParts) {
    this.#parts = parts;
  }

  /**
   * Sends a frame to the connections of a room, now or soon; its bytes must stay as they are. It was published `ageMs`
   * milliseconds ago.
   */
  add(room: LocalRoom, frame: Buffer, ageMs: number): void {
    const { transport, metrics, mostCollectingMs, nowMs } = this.#parts;
    const queue = room.outgoing;
    const now = nowMs();
    const windowMs = collectingWindowMs(queue.load.add(room.size, now), mostCollectingMs);
    if (queue.frames === 0) {
      if (windowMs < leastWindowMs || now - queue.writtenAtMs >= windowMs) {
        queue.writtenAtMs = now;
        transport.publish(room.id, frame);
        metrics.written(room.size, ageMs / 1000);
        return;
      }
      queue.sinceMs = now;
      queue.ageMs = ageMs;
      queue.timer = setTimeout(() => this.flush(room), windowMs);
      this.#waiting.add(room);
    }
    queue.waiting.push(frame);
    queue.frames++;
    queue.bytes += frame.length;
    if (queue.frames >= mostFrames || queue.bytes >= mostBytes) this.flush(room);
  }

  /**
   * Does something between the frames that were added before and those that come later: at once when none waits. So a
   * connection that begins to listen gets exactly what is added from then on.
   */
  between(room: LocalRoom, step: () => void): void {
    if (room.outgoing.frames === 0) step();
    else room.outgoing.waiting.push(step);
  }

  /** Sends what waits for a room. */
  flush(room: LocalRoom): void {
    const queue = room.outgoing;
    if (queue.frames === 0) return;
    const { waiting, frames } = queue;
    clearTimeout(queue.timer);
    this.#waiting.delete(room);
    queue.waiting = [];
    queue.frames = 0;
    queue.bytes = 0;
    queue.timer = undefined;
    queue.writtenAtMs = this.#parts.nowMs();
    for (const one of waiting) {
      if (typeof one === 'function') one();
      else this.#parts.transport.publish(room.id, one);
    }
    const waitedMs = queue.writtenAtMs - queue.sinceMs;
    this.#parts.metrics.collected(frames, waitedMs / 1000);
    // All of them count as late as the oldest is: one age to keep, and never a better figure than the truth.
    this.#parts.metrics.written(frames * room.size, (queue.ageMs + waitedMs) / 1000);
  }

  /** Sends all that waits. */
  flushAll(): void {
    for (const room of [...this.#waiting]) this.flush(room);
  }
}
