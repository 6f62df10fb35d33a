import assert from 'node:assert/strict';
import { eventually } from '@roomstream/testing/eventually';
import { askedMessage, type Expected, maximumMessageLength } from './handler-answers.ts';
import { connectRaw, type ServerFrame } from './raw-client.ts';
import { reviewErrorsOf } from './review-metrics.ts';
import type { Stage } from './stage.ts';

type Fallback = 'ALLOW' | 'DENY';

/** Says the message in a new room with this handler and resolves with what its sender got. */
export async function reviewed(stage: Stage, uri: string, fallbackResult: Fallback): Promise<ServerFrame> {
  const room = await stage.api.createRoom({
    maximumMessageLength,
    messageReviewHandler: { uri, fallbackResult },
  });
  const client = await connectRaw(stage.url(0), await stage.api.token(room, 'ann'));
  try {
    return await client.request({ Action: 'SEND_MESSAGE', ...askedMessage });
  } finally {
    client.socket.destroy();
  }
}

/**
 * What becomes of the message with either fallbackResult, and the counters of the handler afterwards: only the expected
 * one has moved, by two. The handler has reviewed nothing before.
 */
export async function assertReviewCase(stage: Stage, uri: string, expected: Expected): Promise<void> {
  for (const fallback of ['ALLOW', 'DENY'] as const) {
    assertFrame(await reviewed(stage, uri, fallback), expected, fallback);
  }
  const none = { InvocationErrors: 0, ResponseValidationErrors: 0, FunctionErrors: 0 };
  const moved = expected.kind === 'fallback' ? { ...none, [expected.error]: 2 } : none;
  await eventually(async () => assert.deepEqual(await reviewErrorsOf(stage, uri), moved), 5_000);
}

function assertFrame(frame: ServerFrame, expected: Expected, fallback: Fallback): void {
  if (expected.kind === 'denied' || (expected.kind === 'fallback' && fallback === 'DENY')) {
    assertDenied(frame, expected.kind === 'denied' ? expected.reason : undefined);
    return;
  }
  const { content, attributes } =
    expected.kind === 'allowed'
      ? expected
      : { content: askedMessage.Content, attributes: askedMessage.Attributes };
  assert.equal(frame.Type, 'MESSAGE', JSON.stringify(frame));
  assert.equal(frame.Content, content);
  assert.deepEqual(frame.Attributes, attributes);
}

function assertDenied(frame: ServerFrame, reason: string | undefined): void {
  assert.equal(frame.Type, 'ERROR', JSON.stringify(frame));
  assert.equal(frame.ErrorCode, 406);
  assert.ok((frame.ErrorMessage ?? '') !== '');
  if (reason !== undefined) assert.equal(frame.ErrorMessage, reason);
}
