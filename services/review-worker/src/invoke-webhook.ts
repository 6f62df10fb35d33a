import { createHmac } from 'node:crypto';
import * as http from 'node:http';
import * as https from 'node:https';
import type { Invocation } from './invocation.ts';
import { reasonOfStatus } from './invoke-lambda.ts';
import { keptConnections } from './kept-connections.ts';
import { longestAnswer } from './verdict.ts';

/** A program of one's own that reviews messages. */
export type Webhook = { readonly url: URL; readonly secret: string };

/** Names of the headers that a webhook checks (README.md, "Webhooks"). */
export const timestampHeader = 'roomstream-timestamp';
export const signatureHeader = 'roomstream-signature';

/** The value of the signature header: HMAC-SHA256 with the secret over `<timestamp>.<body>`, in hexadecimal. */
export function signWebhook(secret: string, timestampSeconds: number, body: string): string {
  return `v1=${createHmac('sha256', secret).update(`${timestampSeconds}.${body}`).digest('hex')}`;
}

/** Posts to webhooks, over connections that are kept. */
export type Webhooks = {
  post(webhook: Webhook, uri: string, body: string, signal: AbortSignal): Promise<Invocation>;
  close(): void;
};

/** Opens the connections, `concurrency` at most to one host. */
export function openWebhooks(concurrency: number, nowMs: () => number): Webhooks {
  const options = keptConnections(concurrency);
  const plain = new http.Agent(options);
  const secure = new https.Agent(options);
  return {
    post: ({ url, secret }, uri, body, signal) => {
      const timestamp = Math.floor(nowMs() / 1000);
      const bytes = Buffer.from(body);
      const headers = {
        'content-type': 'application/json',
        'content-length': bytes.length,
        [timestampHeader]: timestamp,
        [signatureHeader]: signWebhook(secret, timestamp, body),
        'roomstream-handler': uri,
      };
      const isSecure = url.protocol === 'https:';
      const agent = isSecure ? secure : plain;
      const request = (isSecure ? https : http).request(url, { method: 'POST', agent, headers, signal });
      return new Promise((resolve, reject) => {
        request.once('error', reject);
        request.once('response', (response) => read(response, resolve, reject));
        request.end(bytes);
      });
    },
    close: () => {
      plain.destroy();
      secure.destroy();
    },
  };
}

function read(
  response: http.IncomingMessage,
  resolve: (invocation: Invocation) => void,
  reject: (error: Error) => void,
): void {
  const status = response.statusCode ?? 0;
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.once('error', reject);
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes <= longestAnswer) return;
    // What is there is longer than an answer may be; the rest says nothing.
    resolve(outcome(status, Buffer.concat(chunks)));
    response.destroy();
  });
  response.once('end', () => resolve(outcome(status, Buffer.concat(chunks))));
}

function outcome(status: number, payload: Uint8Array): Invocation {
  if (status >= 200 && status < 300) return { kind: 'answered', payload };
  // The program's own failure, as FunctionError is a function's.
  if (status === 500) return { kind: 'function-error' };
  const err = new Error(`the webhook answered ${status}`);
  return { kind: 'failed', reason: reasonOfStatus(status), err };
}
