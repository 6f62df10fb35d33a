// What `helm test` does: makes a room through the API, joins it with a token, says something, hears it, and removes the room.
import { readFileSync } from 'node:fs';
import {
  CreateChatTokenCommand,
  CreateRoomCommand,
  DeleteRoomCommand,
  IvschatClient,
} from '@aws-sdk/client-ivschat';
import WebSocket from 'ws';

const { API_URL, CHAT_URL, CREDENTIALS_FILE, REGION } = process.env;
const { accounts } = JSON.parse(readFileSync(CREDENTIALS_FILE, 'utf8'));
const users = Object.values(accounts).flatMap((account) => Object.values(account.users));
const [credentials] = users.flatMap((user) => user.accessKeys);
const client = new IvschatClient({ endpoint: API_URL, region: REGION, credentials });
const withinMs = 20_000;
const deadline = setTimeout(() => fail(`nothing within ${withinMs} ms`), withinMs);

function fail(why) {
  console.error(why);
  process.exit(1);
}

const { arn } = await client.send(new CreateRoomCommand({ name: 'helm-test' }));
const { token } = await client.send(
  new CreateChatTokenCommand({ roomIdentifier: arn, userId: 'helm-test', capabilities: ['SEND_MESSAGE'] }),
);
const socket = new WebSocket(CHAT_URL, token);
socket.on('error', (error) => fail(`chat at ${CHAT_URL}: ${error.message}`));
socket.on('open', () => socket.send(JSON.stringify({ Action: 'SEND_MESSAGE', Content: 'hello' })));
const frame = await new Promise((resolve) => socket.once('message', resolve));
const { Type, Content } = JSON.parse(frame.toString());
if (Type !== 'MESSAGE' || Content !== 'hello') fail(`not the message that was sent: ${frame}`);
socket.close(1000);
await client.send(new DeleteRoomCommand({ identifier: arn }));
clearTimeout(deadline);
console.log(`${arn}: a message was sent and received`);
