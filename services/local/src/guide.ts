import type { Running } from './running-file.ts';

/** What `npm start` ends with: sessions to paste into another terminal. `root` is the repository's folder. */
export function guide(running: Running, root: string): string {
  return `
Roomstream is up: API ${running.controlPlaneUrl}, chat ${running.gatewayUrl}, admin ${running.adminUrl}. Ctrl-C stops it.

With the AWS CLI, in another terminal:

${indented(`cd ${quoted(root)}\n${awsSession(running)}`)}

Without it, with Node alone (and in a third terminal the same with --user bob, who sees what alice says):

${indented(`cd ${quoted(root)}\n${nodeSession}`)}
${logsLine(running)}`;
}

/** Where the logs are, and how they are read. */
function logsLine({ chatLogs }: Running): string {
  if (chatLogs === undefined) return '';
  return `
What is said there is in ${chatLogs.folder} some seconds later; to read it back: ${replayCommand}
`;
}

/** Prints what the room of the sessions has received; shown in the README too. */
export const replayCommand = 'npm run -s logs -- replay --room demo --from -1h --format text';

/** Creates a room that is logged, mints a token and joins, with the AWS CLI; what the README shows too. */
export function awsSession(running: Running): string {
  const { accessKeyId, secretAccessKey } = running.key ?? {
    accessKeyId: '<access key>',
    secretAccessKey: '<secret>',
  };
  const { chatLogs } = running;
  const logs = chatLogs === undefined ? '' : ` --logging-configuration-identifiers ${chatLogs.arn}`;
  const capabilities = 'SEND_MESSAGE DELETE_MESSAGE DISCONNECT_USER';
  return `export AWS_ACCESS_KEY_ID=${quoted(accessKeyId)} AWS_SECRET_ACCESS_KEY=${quoted(secretAccessKey)} AWS_DEFAULT_REGION=${running.region}
ivschat() { aws ivschat "$@" --endpoint-url ${running.controlPlaneUrl} --output text; }
ROOM=$(ivschat create-room --name demo${logs} --query arn)
TOKEN=$(ivschat create-chat-token --room-identifier "$ROOM" --user-id alice --capabilities ${capabilities} --query token)
npm run -s chat -- --token "$TOKEN"`;
}

/** The same with the repository's own command. */
export const nodeSession = 'npm run -s chat -- --room demo --user alice';

function quoted(text: string): string {
  return /^[a-zA-Z0-9_/.:@+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function indented(text: string): string {
  return text.replace(/^/gm, '  ');
}
