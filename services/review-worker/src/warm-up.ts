import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Log } from '@roomstream/runtime/log';
import { withinBudget } from './invocation.ts';
import { openLambda } from './invoke-lambda.ts';
import { openWebhooks } from './invoke-webhook.ts';

const rounds = 20;
const atOnce = 2;
/** A machine that takes longer is busy with something else; messages needn't wait for that. */
const mostMs = 2_000;

const answer = JSON.stringify({ ReviewResult: 'ALLOW', Content: 'hello', Attributes: { key: 'value' } });
const uri = 'arn:aws:lambda:us-west-2:000000000000:function:warm-up';

/**
 * Invokes a function and a webhook of this process's own, on loopback, until their code has been loaded and compiled. The
 * first message would pay for that otherwise out of its handler's budget (README.md, "Why"). Never rejects: without it a
 * worker works as well, a little later.
 */
export async function warmUp(log: Log): Promise<void> {
  const beganMs = performance.now();
  const server = createServer((request, response) => {
    request.resume();
    request.once('end', () => response.end(answer));
  });
  const lambdas = { region: 'us-west-2', credentials: { accessKeyId: 'none', secretAccessKey: 'none' } };
  const webhooks = openWebhooks(atOnce, Date.now);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const lambda = openLambda({ ...lambdas, endpoint: url, concurrency: atOnce });
    const webhook = { url: new URL(url), secret: 'of nobody' };
    const payload = JSON.stringify({ Content: 'hello' });
    for (let round = 0; round < rounds && performance.now() - beganMs < mostMs; round++) {
      const calls = Array.from({ length: atOnce }, () => [
        withinBudget(mostMs, (signal) => lambda.invoke(uri, payload, signal)),
        withinBudget(mostMs, (signal) => webhooks.post(webhook, uri, payload, signal)),
      ]);
      await Promise.all(calls.flat());
    }
    lambda.close();
  } catch (err) {
    log.debug({ err }, 'not warmed up');
  }
  webhooks.close();
  server.closeAllConnections();
  server.close();
}
