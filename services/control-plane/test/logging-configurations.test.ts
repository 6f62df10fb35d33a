import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  CreateLoggingConfigurationCommand,
  CreateRoomCommand,
  DeleteLoggingConfigurationCommand,
  type DestinationConfiguration,
  GetLoggingConfigurationCommand,
  paginateListLoggingConfigurations,
  UpdateLoggingConfigurationCommand,
  UpdateRoomCommand,
} from '@aws-sdk/client-ivschat';
import { account, errorOf, region, startUnderTest } from './control-plane-under-test.ts';

const plane = await startUnderTest();
const client = plane.client();
after(() => plane.stop());

const s3: DestinationConfiguration = {
  s3: { bucketName: 'demo-logging-bucket' },
} as DestinationConfiguration;

test('a logging configuration of each destination is returned as it was given', async () => {
  const destinations = [
    s3,
    { cloudWatchLogs: { logGroupName: '/chat/logs' } },
    { firehose: { deliveryStreamName: 'chat-stream' } },
  ] as DestinationConfiguration[];
  for (const destinationConfiguration of destinations) {
    const { $metadata: _, ...made } = await client.send(
      new CreateLoggingConfigurationCommand({ name: 'a', destinationConfiguration, tags: { a: 'b' } }),
    );
    assert.deepEqual(made, {
      arn: `arn:aws:ivschat:${region}:${account}:logging-configuration/${made.id}`,
      id: made.id,
      name: 'a',
      createTime: made.createTime,
      updateTime: made.createTime,
      destinationConfiguration,
      state: 'ACTIVE',
      tags: { a: 'b' },
    });
    const { $metadata: __, ...got } = await client.send(
      new GetLoggingConfigurationCommand({ identifier: made.arn }),
    );
    assert.deepEqual(got, made);
  }
});

test('UpdateLoggingConfiguration changes only the fields present', async () => {
  const made = await client.send(
    new CreateLoggingConfigurationCommand({ name: 'a', destinationConfiguration: s3, tags: { a: 'b' } }),
  );
  const renamed = await client.send(
    new UpdateLoggingConfigurationCommand({ identifier: made.arn, name: 'b' }),
  );
  assert.deepEqual(renamed.destinationConfiguration, s3);
  assert.equal(renamed.name, 'b');
  assert.deepEqual(renamed.tags, { a: 'b' });
  const firehose = { firehose: { deliveryStreamName: 'x' } } as DestinationConfiguration;
  const moved = await client.send(
    new UpdateLoggingConfigurationCommand({ identifier: made.arn, destinationConfiguration: firehose }),
  );
  assert.deepEqual(moved.destinationConfiguration, firehose);
  assert.equal(moved.name, 'b');
});

test('an attached logging configuration cannot be deleted until no room has it', async () => {
  const { arn = '', id } = await client.send(
    new CreateLoggingConfigurationCommand({ destinationConfiguration: s3 }),
  );
  const room = await client.send(new CreateRoomCommand({ loggingConfigurationIdentifiers: [arn] }));
  const error = await errorOf(client.send(new DeleteLoggingConfigurationCommand({ identifier: arn })));
  assert.equal(error.name, 'ConflictException');
  assert.equal(error['resourceId'], id);
  assert.equal(error['resourceType'], 'LOGGING_CONFIGURATION');
  await client.send(new UpdateRoomCommand({ identifier: room.arn, loggingConfigurationIdentifiers: [] }));
  const deleted = await client.send(new DeleteLoggingConfigurationCommand({ identifier: arn }));
  assert.equal(deleted.$metadata.httpStatusCode, 204);
  for (const command of [
    new GetLoggingConfigurationCommand({ identifier: arn }),
    new UpdateLoggingConfigurationCommand({ identifier: arn }),
    new DeleteLoggingConfigurationCommand({ identifier: arn }),
  ]) {
    const gone = await errorOf(client.send(command as GetLoggingConfigurationCommand));
    assert.equal(gone.name, 'ResourceNotFoundException');
    assert.equal(gone['resourceType'], 'LOGGING_CONFIGURATION');
  }
});

test('the paginator finds every logging configuration once', async () => {
  const made: string[] = [];
  for (let i = 0; i < 5; i++) {
    const { id } = await client.send(new CreateLoggingConfigurationCommand({ destinationConfiguration: s3 }));
    made.push(id as string);
  }
  const found: string[] = [];
  for await (const page of paginateListLoggingConfigurations({ client, pageSize: 2 }, {})) {
    for (const { id } of page.loggingConfigurations ?? []) found.push(id as string);
  }
  assert.equal(new Set(found).size, found.length);
  assert.deepEqual(
    found.filter((id) => made.includes(id)),
    made.toReversed(),
  );
});
