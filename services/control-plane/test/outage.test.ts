import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateChatTokenCommand,
  CreateRoomCommand,
  GetRoomCommand,
  type IvschatClient,
  SendEventCommand,
} from '@aws-sdk/client-ivschat';
import { eventually } from '@roomstream/testing/eventually';
import { durable } from '@roomstream/testing/redis-server';
import { type ControlPlaneUnderTest, errorOf, startUnderTest } from './control-plane-under-test.ts';

let plane: ControlPlaneUnderTest;
let client: IvschatClient;

before(async () => {
  plane = await startUnderTest({ env: { ROOMSTREAM_QUOTAS: 'ivs' }, redisArgs: durable });
  client = plane.client();
});
after(() => plane.stop());

test('without Redis calls fail soon with InternalServerException, and succeed again when it is back', async () => {
  const { arn } = await client.send(new CreateRoomCommand({}));
  await plane.redis.kill();
  for (const command of [
    new GetRoomCommand({ identifier: arn }),
    new CreateRoomCommand({}),
    new CreateChatTokenCommand({ roomIdentifier: arn, userId: 'u' }),
    new SendEventCommand({ roomIdentifier: arn, eventName: 'e' }),
  ]) {
    const startedMs = performance.now();
    const error = await errorOf(client.send(command as GetRoomCommand));
    assert.equal(error.name, 'InternalServerException');
    assert.equal((error['$metadata'] as { httpStatusCode: number }).httpStatusCode, 500);
    assert.ok(performance.now() - startedMs < 8_000);
  }
  await eventually(() => plane.service.notReady().length > 0);
  await plane.redis.restart();
  await eventually(() => client.send(new GetRoomCommand({ identifier: arn })), 30_000);
  await eventually(() => plane.service.notReady().length === 0, 30_000);
});

test('a frozen Redis is an InternalServerException, not a rate that is used up', async () => {
  const { arn } = await client.send(new CreateRoomCommand({}));
  plane.redis.freeze();
  const error = await errorOf(client.send(new GetRoomCommand({ identifier: arn })));
  plane.redis.thaw();
  assert.equal(error.name, 'InternalServerException');
  await eventually(() => client.send(new GetRoomCommand({ identifier: arn })), 30_000);
});
