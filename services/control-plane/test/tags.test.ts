import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  CreateLoggingConfigurationCommand,
  CreateRoomCommand,
  GetRoomCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-ivschat';
import { account, errorOf, region, startUnderTest } from './control-plane-under-test.ts';

const plane = await startUnderTest();
const client = plane.client();
after(() => plane.stop());

const tagsOf = async (resourceArn: string) =>
  (await client.send(new ListTagsForResourceCommand({ resourceArn }))).tags;

test('tags of rooms and logging configurations are added, replaced and removed', async () => {
  const room = await client.send(new CreateRoomCommand({ tags: { a: '1', b: '2' } }));
  const logging = await client.send(
    new CreateLoggingConfigurationCommand({
      destinationConfiguration: { s3: { bucketName: 'bucket' } },
      tags: { a: '1', b: '2' },
    }),
  );
  for (const resourceArn of [room.arn as string, logging.arn as string]) {
    await client.send(new TagResourceCommand({ resourceArn, tags: { b: '3', 'c /+é': '' } }));
    assert.deepEqual(await tagsOf(resourceArn), { a: '1', b: '3', 'c /+é': '' });
    await client.send(new UntagResourceCommand({ resourceArn, tagKeys: ['a', 'c /+é', 'absent'] }));
    assert.deepEqual(await tagsOf(resourceArn), { b: '3' });
  }
});

test('tagging does not move updateTime', async () => {
  const { arn: resourceArn, updateTime } = await client.send(new CreateRoomCommand({}));
  await client.send(new TagResourceCommand({ resourceArn, tags: { a: 'b' } }));
  const room = await client.send(new GetRoomCommand({ identifier: resourceArn }));
  assert.deepEqual(room.updateTime, updateTime);
  assert.deepEqual(room.tags, { a: 'b' });
});

test('a resource has at most 50 tags, counted together with those it has', async () => {
  const tags = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, '']));
  const { arn: resourceArn } = await client.send(new CreateRoomCommand({ tags }));
  await client.send(new TagResourceCommand({ resourceArn, tags: { k0: 'new' } }));
  const error = await errorOf(client.send(new TagResourceCommand({ resourceArn, tags: { k50: '' } })));
  assert.equal(error.name, 'ValidationException');
  assert.match(error.message, /51.*50/);
});

test('the largest tags of the model are taken: 50 of the longest, in any script', async () => {
  const tags = Object.fromEntries(
    Array.from({ length: 50 }, (_, i) => [`${i}`.padStart(2, '0') + '💬'.repeat(126), '💬'.repeat(256)]),
  );
  const { arn: resourceArn } = await client.send(new CreateRoomCommand({ tags }));
  assert.deepEqual(await tagsOf(resourceArn as string), tags);
  await client.send(new UntagResourceCommand({ resourceArn, tagKeys: Object.keys(tags) }));
  assert.deepEqual(await tagsOf(resourceArn as string), {});
});

test('a tag named like a member of every object is a tag like any other', async () => {
  const { arn: resourceArn } = await client.send(new CreateRoomCommand({}));
  await client.send(new TagResourceCommand({ resourceArn, tags: { toString: 'a' } as never }));
  assert.deepEqual(await tagsOf(resourceArn as string), { toString: 'a' });
  await client.send(new UntagResourceCommand({ resourceArn, tagKeys: ['constructor'] }));
  assert.deepEqual(await tagsOf(resourceArn as string), { toString: 'a' });
});

test('tags of what does not exist are a ResourceNotFoundException', async () => {
  for (const kind of ['room', 'logging-configuration', 'spaceship']) {
    const resourceArn = `arn:aws:ivschat:${region}:${account}:${kind}/ABCdef34ghIJ`;
    for (const command of [
      new ListTagsForResourceCommand({ resourceArn }),
      new TagResourceCommand({ resourceArn, tags: {} }),
      new UntagResourceCommand({ resourceArn, tagKeys: ['a'] }),
    ]) {
      const error = await errorOf(client.send(command as ListTagsForResourceCommand));
      assert.equal(error.name, 'ResourceNotFoundException');
      assert.equal(error['resourceId'], 'ABCdef34ghIJ');
    }
  }
});
