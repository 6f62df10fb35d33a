import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readSettings } from '@roomstream/runtime/settings';
import { type ChatOutput, joinChat } from './chat-session.ts';
import { roomTokens, type TokenSource } from './chat-tokens.ts';
import { PlainError } from './plain-error.ts';
import { readRunning } from './running-file.ts';
import { localSettings } from './settings.ts';

const usage = `Joins a room of the Roomstream that runs here (npm start), prints what it receives and sends the lines of its input.

  npm run chat -- --room demo --user alice     the newest room of that name, made when there is none
  npm run chat -- --token <chat token>         with a token of create-chat-token

  --listen   only listens, until Ctrl-C; otherwise the end of the input is the end
`;

await main().catch((error: unknown) => {
  if (!(error instanceof PlainError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});

async function main(): Promise<void> {
  const { values } = parse();
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const folder = resolve(readSettings(localSettings).folder);
  const running = readRunning(folder);
  if (running === undefined)
    throw new PlainError(`No Roomstream runs on the data folder ${folder}: start one with npm start.`);
  const tokens: TokenSource =
    values.token === undefined
      ? await roomTokens(running, values.room, values.user)
      : async () => values.token as string;
  const output: ChatOutput = {
    line: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
  };
  const input = values.listen ? undefined : process.stdin;
  await joinChat({ url: running.gatewayUrl, tokens, canReturn: values.token === undefined, input, output });
}

function parse() {
  try {
    return parseArgs({
      options: {
        room: { type: 'string', default: 'demo' },
        user: { type: 'string', default: 'alice' },
        token: { type: 'string' },
        listen: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new PlainError(`${(error as Error).message}\n\n${usage}`);
  }
}
