import { Agent, request } from 'node:http';
import { type Api, everyCapability, type TokenAnswer, type TokenOrder } from './api.ts';
import { type Signer, signRequest } from './sign-request.ts';

/** CreateChatToken alone: the SDK takes more of a machine than everything else that a crowd needs. */
export type LightApi = Pick<Api, 'mint' | 'close'>;

/** Asks a control plane with requests that are signed here. */
export function openLightApi(url: string, signer: Signer): LightApi {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const { host } = new URL(url);
  return {
    mint: ({ capabilities = everyCapability, ...rest }: TokenOrder) => {
      const body = Buffer.from(JSON.stringify({ ...rest, capabilities }));
      const headers = { host, 'content-type': 'application/json' };
      const signed = signRequest({ method: 'POST', path: '/CreateChatToken', headers, body }, signer);
      return post(`${url}/CreateChatToken`, agent, { ...signed, 'content-length': `${body.length}` }, body);
    },
    close: () => agent.destroy(),
  };
}

function post(
  url: string,
  agent: Agent,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
): Promise<TokenAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (answer.statusCode === 200) resolve(JSON.parse(text) as TokenAnswer);
        else reject(new Error(`CreateChatToken answered ${answer.statusCode}: ${text}`));
      });
    });
    sent.once('error', reject);
    sent.end(body);
  });
}
