import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  CreateLoggingConfigurationCommand,
  CreateRoomCommand,
  DeleteLoggingConfigurationCommand,
  DeleteMessageCommand,
  DeleteRoomCommand,
  DisconnectUserCommand,
  SendEventCommand,
  UpdateLoggingConfigurationCommand,
  UpdateRoomCommand,
} from '@aws-sdk/client-ivschat';
import { openBus } from '@roomstream/bus/bus';
import { busSettings } from '@roomstream/bus/bus-settings';
import { newId } from '@roomstream/protocol/ids';
import { openMetrics } from '@roomstream/runtime/metrics';
import { readSettings } from '@roomstream/runtime/settings';
import { presetQuotas } from '@roomstream/store/quotas';
import { openStore } from '@roomstream/store/store';
import { eventually } from '@roomstream/testing/eventually';
import { pino } from 'pino';
import { account, errorOf, region, startUnderTest } from './control-plane-under-test.ts';

/** Records of a configuration that may wait. */
const most = 4;
const folder = mkdtempSync(join(tmpdir(), 'roomstream-log-targets-'));
const accountsFile = join(folder, 'accounts.json');

const plane = await startUnderTest({
  env: {
    ROOMSTREAM_LOG_BACKLOG_RECORDS: `${most}`,
    ROOMSTREAM_LOG_WHEN_FULL: 'block',
    ROOMSTREAM_ACCOUNTS_FILE: writeAccounts({}),
  },
});
const client = plane.client();
const settings = readSettings(busSettings, { REDIS_URL: plane.redis.url });
const around = { access: settings, log: pino({ level: 'silent' }), registry: openMetrics() };
const bus = await openBus({ ...around, shards: settings.shards });
const store = await openStore({ ...around, quotas: { of: () => presetQuotas('unlimited') } });
after(async () => {
  await bus.close();
  await store.close();
  await plane.stop();
  rmSync(folder, { recursive: true });
});

function writeAccounts(loggingConfigurations: object): string {
  writeFileSync(accountsFile, JSON.stringify({ accounts: { [account]: { loggingConfigurations } } }));
  return accountsFile;
}

async function configuration(): Promise<{ id: string; arn: string }> {
  const destinationConfiguration = { s3: { bucketName: 'bucket' } };
  const made = await client.send(new CreateLoggingConfigurationCommand({ destinationConfiguration }));
  return { id: made.id ?? '', arn: made.arn ?? '' };
}

/** A room that logs to the configurations. */
async function room(...arns: readonly string[]): Promise<{ id: string; roomIdentifier: string }> {
  const made = await client.send(new CreateRoomCommand({ loggingConfigurationIdentifiers: [...arns] }));
  return { id: made.id ?? '', roomIdentifier: made.arn ?? '' };
}

/** The frames that wait in the queue of a configuration on a room's shard. */
async function logged(roomId: string, configurationId: string) {
  const entries = await bus.commands.xrange(bus.keyOfRoom(roomId, `log:${configurationId}`), '-', '+');
  return entries.map(([, fields]) => {
    const text = fields[1] ?? '';
    return JSON.parse(text.slice(text.indexOf('{'))) as Readonly<Record<string, unknown>>;
  });
}

test('SendEvent, DeleteMessage and DisconnectUser are logged with every configuration of the room, the order to disconnect isn’t', async () => {
  const [one, two, three] = [await configuration(), await configuration(), await configuration()];
  const { id, roomIdentifier } = await room(one.arn, two.arn, three.arn);
  const event = await client.send(new SendEventCommand({ roomIdentifier, eventName: 'goal' }));
  await client.send(new DeleteMessageCommand({ roomIdentifier, id: newId() }));
  await client.send(new DisconnectUserCommand({ roomIdentifier, userId: 'u' }));
  for (const { id: configurationId } of [one, two, three]) {
    const frames = await logged(id, configurationId);
    assert.deepEqual(
      frames.map(({ EventName }) => EventName),
      ['goal', 'aws:DELETE_MESSAGE', 'aws:DISCONNECT_USER'],
    );
    assert.equal(frames[0]?.['Id'], event.id);
  }
});

test('attaching and detaching takes effect with the next event', async () => {
  const { id: configurationId, arn } = await configuration();
  const { id, roomIdentifier } = await room();
  const update = (loggingConfigurationIdentifiers: string[]) =>
    client.send(new UpdateRoomCommand({ identifier: roomIdentifier, loggingConfigurationIdentifiers }));
  const send = (eventName: string) => client.send(new SendEventCommand({ roomIdentifier, eventName }));
  await send('before');
  await update([arn]);
  await send('attached');
  await update([]);
  await send('detached');
  assert.deepEqual(
    (await logged(id, configurationId)).map(({ EventName }) => EventName),
    ['attached'],
  );
});

test('deleting a room, and its logging configuration then, loses nothing of what was sent before', async () => {
  const { id: configurationId, arn } = await configuration();
  const { id, roomIdentifier } = await room(arn);
  await client.send(new SendEventCommand({ roomIdentifier, eventName: 'last' }));
  const attached = await errorOf(client.send(new DeleteLoggingConfigurationCommand({ identifier: arn })));
  assert.equal(attached.name, 'ConflictException');
  await client.send(new DeleteRoomCommand({ identifier: roomIdentifier }));
  await client.send(new DeleteLoggingConfigurationCommand({ identifier: arn }));
  assert.equal((await logged(id, configurationId)).length, 1);
  const shipped = await store.loggingConfigurations.forShipping(account, configurationId);
  assert.deepEqual(shipped?.destination, { s3: { bucketName: 'bucket' } });
});

test('a new destination is what shippers find from then on', async () => {
  const { id, arn } = await configuration();
  const destinationConfiguration = { firehose: { deliveryStreamName: 'stream' } };
  await client.send(new UpdateLoggingConfigurationCommand({ identifier: arn, destinationConfiguration }));
  const shipped = await store.loggingConfigurations.forShipping(account, id);
  assert.deepEqual(shipped?.destination, destinationConfiguration);
});

test('a full log that blocks makes SendEvent a ThrottlingException that names the room, and nothing is sent; what moderators do is sent and recorded', async () => {
  const { id: configurationId, arn } = await configuration();
  const { id, roomIdentifier } = await room(arn);
  const send = () => client.send(new SendEventCommand({ roomIdentifier, eventName: 'e' }));
  for (let i = 0; i < most; i++) await send();
  const published = () => bus.commands.xlen(bus.keyOfRoom(id, 'room'));
  const before = await published();
  const error = await errorOf(send());
  assert.equal(error.name, 'ThrottlingException');
  assert.equal((error['$metadata'] as { httpStatusCode: number }).httpStatusCode, 429);
  assert.deepEqual([error['resourceType'], error['resourceId'], error['limit']], ['ROOM', id, most]);
  assert.match(error.message, new RegExp(configurationId));
  assert.deepEqual([(await logged(id, configurationId)).length, await published()], [most, before]);
  const warned = plane.logged.filter((line) => line['loggingConfiguration'] !== undefined);
  const full = `arn:aws:ivschat:${region}:${account}:logging-configuration/${configurationId}`;
  assert.deepEqual(
    warned.map((line) => line['loggingConfiguration']),
    [full],
  );

  await client.send(new DeleteMessageCommand({ roomIdentifier, id: newId() }));
  await client.send(new DisconnectUserCommand({ roomIdentifier, userId: 'u' }));
  // The user's disconnection is an entry of its own, which isn't logged.
  assert.equal(await published(), before + 3);
  assert.deepEqual(
    (await logged(id, configurationId)).slice(most).map(({ EventName }) => EventName),
    ['aws:DELETE_MESSAGE', 'aws:DISCONNECT_USER'],
  );
  await errorOf(send());

  // The operator decides otherwise, while it is full: the next events push the oldest out.
  writeAccounts({ [configurationId]: { whenFull: 'drop-oldest' } });
  await eventually(send);
  assert.equal((await logged(id, configurationId)).length, most);
});
