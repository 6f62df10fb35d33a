import type { Running } from './running-file.ts';

/** What `npm start` ends with: sessions to paste into another terminal. `root` is the repository's folder. */
export function guide(running: Running, root: string): string {
  return `
Roomstream is up: API ${running.controlPlaneUrl}, chat ${running.gatewayUrl}, admin ${running.adminUrl}. Ctrl-C stops it.

With the AWS CLI, in another terminal:

${indented(`cd ${quoted(root)}\n${awsSession(running)}`)}

Without it, with Node alone (and in a third terminal the same with --user bob, who sees what alice says):

${indented(`cd ${quoted(root)}\n${nodeSession}`)}
`;
}

/** Creates a room, mints a token and joins, with the AWS CLI; what the README shows too. */
export function awsSession(running: Running): string {
  const { accessKeyId, secretAccessKey } = running.key ?? {
    accessKeyId: '<access key>',
    secretAccessKey: '<secret>',
  };
  const capabilities = 'SEND_MESSAGE DELETE_MESSAGE DISCONNECT_USER';
  return `export AWS_ACCESS_KEY_ID=${quoted(accessKeyId)} AWS_SECRET_ACCESS_KEY=${quoted(secretAccessKey)} AWS_DEFAULT_REGION=${running.region}
ivschat() { aws ivschat "$@" --endpoint-url ${running.controlPlaneUrl} --output text; }
ROOM=$(ivschat create-room --name demo --query arn)
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
