import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { type FrameCase, generateFrame } from '../src/frame-cases.ts';
import { dial, openFrameSocket } from '../src/frame-socket.ts';
import { residentKb } from '../src/process-usage.ts';
import { seededRandom } from '../src/random.ts';
import type { ServerFrame } from '../src/raw-client.ts';
import { openStage, type Stage } from '../src/stage.ts';
import { opcode } from '../src/web-socket-frames.ts';

const seed = 20_240_611;
const frames = 100_000;
const connections = 20;
/** Frames that a connection sends before it waits for their answers. */
const batch = 100;
let stage: Stage;

before(async () => {
  stage = await openStage({ gateways: 1 });
});
after(() => stage?.close());

test(`${frames} generated text frames: each gets its answer, no connection closes, memory stays flat`, async (t) => {
  t.diagnostic(`seed ${seed}`);
  const fuzzers = await Promise.all(Array.from({ length: connections }, (_, n) => openFuzzer(n)));
  for (const fuzzer of fuzzers) t.after(fuzzer.destroy);
  const { pid } = stage.gateway(0);
  const rounds = frames / connections / batch;
  let warmKb = 0;
  for (let round = 0; round < rounds; round++) {
    // What V8 and the allocator take once, they take in the first fifth.
    if (round === rounds / 5) warmKb = residentKb(pid);
    await Promise.all(fuzzers.map((fuzzer) => fuzzer.runBatch()));
  }
  const endKb = residentKb(pid);
  t.diagnostic(`RSS ${warmKb} KB after a fifth, ${endKb} KB at the end`);
  assert.ok(endKb < warmKb * 1.25 + 20_000, `memory grew from ${warmKb} to ${endKb} KB`);
  assert.ok(fuzzers.every((fuzzer) => fuzzer.isOpen()));
  assert.ok(stage.gateway(0).isRunning());
  const answered = new Map<string, number>();
  for (const fuzzer of fuzzers) {
    for (const [kind, count] of fuzzer.answers) answered.set(kind, (answered.get(kind) ?? 0) + count);
  }
  t.diagnostic([...answered].map(([kind, count]) => `${kind}: ${count}`).join(', '));
});

test('bytes that are no WebSocket frames, and handshakes that are none, end their own connection and nothing else', async (t) => {
  const random = seededRandom(seed + 1);
  const room = await stage.api.createRoom();
  const witness = await openFrameSocket(stage.url(0), await stage.api.token(room, 'witness'));
  t.after(witness.destroy);
  const handshakes: Promise<unknown>[] = [];
  for (let n = 0; n < 100; n++) {
    const socket = await openFrameSocket(stage.url(0), await stage.api.token(room, `noise-${n}`));
    socket.write(random.bytes(1 + random.below(300)));
    socket.send(random.below(16), random.bytes(random.below(200)), random.below(2) === 0);
    socket.destroy();
    const { shake } = await dial(stage.url(0));
    const header = random
      .bytes(40)
      .toString('latin1')
      .replaceAll(/[\r\n\0]/g, '_');
    const token = random.text(20).replaceAll(/[^\x21-\x7e]/g, '~');
    handshakes.push(shake(token, { headers: { 'X-Noise': header } }).catch((error: unknown) => error));
  }
  // A header that is none is not answered at all: such a connection is dropped after some 12 s.
  for (const outcome of await Promise.all(handshakes)) assert.ok(outcome instanceof Error);
  assert.ok(witness.isOpen());
  assert.ok(stage.gateway(0).isRunning());
});

test('binary frames and text that isn’t UTF-8 harm nobody but their sender', async (t) => {
  const room = await stage.api.createRoom();
  const witness = await openFrameSocket(stage.url(0), await stage.api.token(room, 'witness'));
  const sender = await openFrameSocket(stage.url(0), await stage.api.token(room, 'sender'));
  t.after(witness.destroy);
  t.after(sender.destroy);
  sender.send(opcode.binary, Buffer.from('{"Action":"SEND_MESSAGE","Content":"binary"}'));
  sender.send(opcode.text, Buffer.from([0x22, 0xff, 0xfe, 0x22]));
  sender.send(opcode.ping, Buffer.alloc(0));
  assert.ok(witness.isOpen());
  assert.ok(stage.gateway(0).isRunning());
});

/** A connection alone in its room, so that each of its frames is answered exactly once, whatever it does. */
async function openFuzzer(n: number) {
  const random = seededRandom(seed + 100 + n);
  const room = await stage.api.createRoom({ maximumMessageRatePerSecond: 100 });
  const { token } = await stage.api.mint({
    roomIdentifier: room,
    userId: `fuzzer-${n}`,
    // Half of them may do nothing, so that valid frames are refused there.
    ...(n % 2 === 0 ? {} : { capabilities: [] }),
  });
  let expected: FrameCase[] = [];
  const answers = new Map<string, number>();
  const faults: string[] = [];
  const received: ServerFrame[] = [];
  const socket = await openFrameSocket(stage.url(0), token, {
    onText: (payload) => received.push(JSON.parse(payload.toString()) as ServerFrame),
  });
  const check = () => {
    const errors = received.filter((frame) => frame.Type === 'ERROR');
    const malformed = expected.filter((one) => one.code !== undefined);
    for (const code of [400, 413]) {
      const got = errors.filter((frame) => frame.ErrorCode === code).length;
      const least = malformed.filter((one) => one.code === code).length;
      if (got < least) faults.push(`${least} frames had to be answered with ${code}, ${got} were`);
    }
    for (const frame of received) {
      const kind = frame.Type === 'ERROR' ? `${frame.ErrorCode}` : frame.Type;
      answers.set(kind, (answers.get(kind) ?? 0) + 1);
      if (!['400', '403', '413', '429', 'MESSAGE', 'EVENT'].includes(kind)) {
        faults.push(`an answer was ${JSON.stringify(frame)}`);
      }
    }
    assert.deepEqual(faults, [], `seed ${seed}, connection ${n}`);
  };
  return {
    answers,
    isOpen: socket.isOpen,
    destroy: socket.destroy,
    runBatch: async () => {
      expected = Array.from({ length: batch }, () => generateFrame(random));
      received.length = 0;
      for (const one of expected) socket.sendText(one.text);
      await eventually(() => {
        assert.ok(socket.isOpen(), `seed ${seed}: connection ${n} was closed`);
        assert.ok(received.length >= batch, `seed ${seed}: ${received.length} of ${batch} were answered`);
      }, 60_000);
      check();
    },
  };
}
