import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { type ChatTokenCapability, IvschatClient } from '@aws-sdk/client-ivschat';
import { text } from '@roomstream/runtime/setting-kinds';
import { readSettings } from '@roomstream/runtime/settings';
import { firstExpiryMs, type Minted, mintTokens } from './mint-tokens.ts';

const usage = `Mints chat tokens into a file for load tests, one JSON object a line: room, userId, token.

  npm run tokens -- --room <ARN> [--room <ARN> ...] --count <number> --out <file>

  --endpoint <URL>          the control plane; http://127.0.0.1:8080
  --region <region>         us-west-2
  --capability <name> ...   SEND_MESSAGE, DELETE_MESSAGE and DISCONNECT_USER

Rooms take turns. The access key is that of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (test/test when unset). A token
lives as long as the account's tokenLifeSeconds says, a minute by default: mint for a test that begins at once, or raise it.
`;

const every: readonly ChatTokenCapability[] = ['SEND_MESSAGE', 'DELETE_MESSAGE', 'DISCONNECT_USER'];

/** The access key, by the names of the AWS SDK. */
const keySettings = {
  accessKeyId: text({ env: 'AWS_ACCESS_KEY_ID', fallback: 'test', about: 'Access key.' }),
  secretAccessKey: text({ env: 'AWS_SECRET_ACCESS_KEY', fallback: 'test', about: 'Its secret.' }),
  sessionToken: text({ env: 'AWS_SESSION_TOKEN', fallback: '', about: 'Its session token.' }),
};

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      room: { type: 'string', multiple: true, default: [] },
      count: { type: 'string', default: '' },
      out: { type: 'string', default: '' },
      endpoint: { type: 'string', default: 'http://127.0.0.1:8080' },
      region: { type: 'string', default: 'us-west-2' },
      capability: { type: 'string', multiple: true, default: [...every] },
      help: { type: 'boolean', default: false },
    },
  });
  const { room: rooms, out } = values;
  const count = Number(values.count);
  if (values.help || rooms.length === 0 || out === '' || !Number.isInteger(count) || count < 1) {
    process.stdout.write(usage);
    if (!values.help) process.exitCode = 1;
    return;
  }
  const { sessionToken, ...key } = readSettings(keySettings);
  const client = new IvschatClient({
    endpoint: values.endpoint,
    region: values.region,
    credentials: sessionToken === '' ? key : { ...key, sessionToken },
  });
  const begun = Date.now();
  const tokens = await mintTokens(client, {
    rooms,
    count,
    capabilities: values.capability as ChatTokenCapability[],
  });
  client.destroy();
  await write(out, tokens);
  process.stdout.write(report(tokens, (Date.now() - begun) / 1000));
}

async function write(path: string, tokens: readonly Minted[]): Promise<void> {
  // A token lets anybody in who has it.
  const file = createWriteStream(path, { mode: 0o600 });
  for (const { room, userId, token } of tokens) file.write(`${JSON.stringify({ room, userId, token })}\n`);
  file.end();
  await finished(file);
}

function report(tokens: readonly Minted[], seconds: number): string {
  const expiresMs = firstExpiryMs(tokens);
  const left = Math.round((expiresMs - Date.now()) / 1000);
  const life =
    left > 0
      ? `the first expires in ${left} s.`
      : 'the first has expired already: raise tokenLifeSeconds in ROOMSTREAM_ACCOUNTS_FILE.';
  return `${tokens.length} tokens in ${seconds.toFixed(1)} s; ${life}\n`;
}
