import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { openFrameSocket } from '../src/frame-socket.ts';
import { residentKb } from '../src/process-usage.ts';
import { connectRaw } from '../src/raw-client.ts';
import { openStage, type Stage } from '../src/stage.ts';

const slowReaders = 200;
let stage: Stage;

before(async () => {
  stage = await openStage({ gateways: 1 });
});
after(() => stage?.close());

test('200 clients that stop reading are cut without a close frame, and cost the others neither a message nor the memory', async (t) => {
  // The largest frames that a room can have: 500 code points of 4 bytes, and 1 KB of attributes.
  const room = await stage.api.createRoom({ maximumMessageRatePerSecond: 100 });
  const speaker = await connectRaw(stage.url(0), await stage.api.token(room, 'speaker'));
  const listener = await connectRaw(stage.url(0), await stage.api.token(room, 'listener'));
  t.after(speaker.socket.destroy);
  t.after(listener.socket.destroy);
  const slow = await Promise.all(
    Array.from({ length: slowReaders }, async (_, n) =>
      openFrameSocket(stage.url(0), await stage.api.token(room, `slow-${n}`)),
    ),
  );
  for (const socket of slow) {
    t.after(socket.destroy);
    socket.pause();
  }
  const beforeKb = residentKb(stage.gateway(0).pid);
  const request = { Action: 'SEND_MESSAGE', Content: '🐌'.repeat(500), Attributes: { k: 'v'.repeat(1023) } };
  const connections = () => stage.gateway(0).metric('roomstream_concurrent_chat_connections');
  let mostKb = 0;
  await eventually(async () => {
    await Promise.all(Array.from({ length: 50 }, () => speaker.request(request)));
    mostKb = Math.max(mostKb, residentKb(stage.gateway(0).pid));
    return (await connections()) <= 2;
  }, 180_000);
  const last = await eventually(async () => {
    const answer = await speaker.say('the end');
    assert.equal(answer.Type, 'MESSAGE');
    return answer;
  });
  await listener.received((frame) => frame.Id === last.Id);
  assert.deepEqual(listener.roomTexts(), speaker.roomTexts());
  for (const socket of slow) {
    socket.resume();
    assert.equal((await socket.ended).code, undefined, 'a close frame would keep official clients away');
  }
  t.diagnostic(`RSS ${beforeKb} KB before, at most ${mostKb} KB`);
  assert.ok(mostKb < beforeKb + 400_000, `memory grew from ${beforeKb} to ${mostKb} KB`);
});
