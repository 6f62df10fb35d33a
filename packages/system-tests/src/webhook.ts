import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { readBody } from '@roomstream/testing/read-body';
import type { Certificate } from './handler-certificates.ts';
import { type HandlerRequest, respond } from './handler-endpoint.ts';
import { startHandlerServer } from './handler-server.ts';

/** A message review handler of one's own: allows what comes signed, with the text `from the web`. */
export type Webhook = {
  readonly url: string;
  /** What it was asked with a good signature. */
  readonly asked: readonly HandlerRequest[];
  close(): Promise<void>;
};

/** The README's advice to webhooks: nothing older or newer than this. */
const mostSkewSeconds = 300;

/** Starts it, written after the README of services/review-worker and knowing nothing else of the sender; with a certificate, by HTTPS. */
export async function startWebhook(secret: string, certificate?: Certificate): Promise<Webhook> {
  const asked: HandlerRequest[] = [];
  const server = await startHandlerServer(certificate, (request, response) => {
    readBody(request).then(
      (body) => {
        if (!isSigned(request, body, secret)) return respond(response, 'not signed', 401);
        asked.push(JSON.parse(body.toString()) as HandlerRequest);
        return respond(response, { ReviewResult: 'ALLOW', Content: 'from the web' });
      },
      () => response.destroy(),
    );
  });
  return {
    url: `${server.url}/review`,
    asked,
    close: server.close,
  };
}

function isSigned(request: IncomingMessage, body: Buffer, secret: string): boolean {
  const timestamp = String(request.headers['roomstream-timestamp']);
  const skewSeconds = Math.abs(Date.now() / 1000 - Number(timestamp));
  const expected = `v1=${createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex')}`;
  const given = Buffer.from(String(request.headers['roomstream-signature']));
  return (
    skewSeconds <= mostSkewSeconds &&
    given.length === expected.length &&
    timingSafeEqual(given, Buffer.from(expected))
  );
}
