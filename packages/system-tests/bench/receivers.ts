import { type FrameSocket, openFrameSocket } from '../src/frame-socket.ts';

/** What the benchmark asks of this process. */
export type Command =
  | { readonly kind: 'open'; readonly url: string; readonly tokens: readonly string[] }
  | { readonly kind: 'reset' }
  | { readonly kind: 'report' }
  | { readonly kind: 'close' };

/** What it answers. */
export type Report = {
  /** Frames since the last reset. */
  readonly received: number;
  /** Of one frame, in bytes. */
  readonly frameBytes: number;
  /** From sending to receiving, in milliseconds. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly open: number;
};

const sockets: FrameSocket[] = [];
const marker = Buffer.from('"sentNs":"');
let latenciesMs: number[] = [];
let frameBytes = 0;

/** Counts a frame and notes its age; both ends read the same monotonic clock of the machine. */
function onText(payload: Buffer): void {
  const at = payload.indexOf(marker);
  if (at === -1) return;
  const start = at + marker.length;
  const sentNs = Number(payload.toString('latin1', start, payload.indexOf(0x22, start)));
  latenciesMs.push((Number(process.hrtime.bigint()) - sentNs) / 1e6);
  frameBytes = payload.length;
}

async function open(url: string, tokens: readonly string[]): Promise<void> {
  const waiting = [...tokens];
  const lane = async () => {
    for (let token = waiting.pop(); token !== undefined; token = waiting.pop()) {
      sockets.push(await openFrameSocket(url, token, { onText }));
    }
  };
  await Promise.all(Array.from({ length: 50 }, lane));
}

function report(): Report {
  const sorted = Float64Array.from(latenciesMs).sort();
  const quantile = (part: number) => sorted[Math.floor((sorted.length - 1) * part)] ?? 0;
  return {
    received: sorted.length,
    frameBytes,
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    open: sockets.filter((socket) => socket.isOpen()).length,
  };
}

async function obey(command: Command): Promise<void> {
  if (command.kind === 'open') await open(command.url, command.tokens);
  if (command.kind === 'reset') latenciesMs = [];
  if (command.kind === 'close') {
    await Promise.all(sockets.map((socket) => socket.close()));
    sockets.length = 0;
  }
  process.send?.(report());
}

process.on('message', (command: Command) => {
  obey(command).catch((error: Error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  });
});
process.on('disconnect', () => process.exit(0));
