import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { HandlerPlace } from '@roomstream/review-worker/handler-table';
import { lambdaAccess, type reviewWorkerSettings } from '@roomstream/review-worker/settings';
import type { Settings } from '@roomstream/runtime/settings';
import { explain } from './explain.ts';
import { type Finding, fault, ok } from './finding.ts';

type WorkerSettings = Settings<typeof reviewWorkerSettings>;

const callMs = 10_000;

/** Tries a message review handler without giving it a message. */
export function examineHandler(uri: string, place: HandlerPlace, settings: WorkerSettings): Promise<Finding> {
  return place.kind === 'lambda' ? examineLambda(uri, place, settings) : examineWebhook(uri, place.url);
}

/** A dry run: Lambda looks at the function and the rights, and runs nothing. */
async function examineLambda(
  uri: string,
  place: Extract<HandlerPlace, { kind: 'lambda' }>,
  settings: WorkerSettings,
): Promise<Finding> {
  const about = `Handler ${uri}`;
  const access = lambdaAccess.read(settings, settings.region);
  const endpoint = place.endpoint ?? access.endpoint;
  const credentials = place.credentials ?? access.credentials;
  const client = new LambdaClient({
    region: place.region ?? access.region,
    maxAttempts: 1,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  });
  try {
    const command = new InvokeCommand({ FunctionName: uri, InvocationType: 'DryRun' });
    await client.send(command, { abortSignal: AbortSignal.timeout(callMs) });
    return ok(about, 'it is there, and may be invoked');
  } catch (error) {
    const { says, remedy } = explain(error, 'lambda:InvokeFunction');
    return fault(about, says, remedy);
  } finally {
    client.destroy();
  }
}

/** Connects, with TLS where the URL asks for it; what it would answer only a message would show. */
async function examineWebhook(uri: string, url: URL): Promise<Finding> {
  const about = `Handler ${uri} at ${url.host}`;
  const isTls = url.protocol === 'https:';
  const target = { host: url.hostname, port: Number(url.port || (isTls ? 443 : 80)) };
  try {
    await new Promise<void>((resolve, reject) => {
      const socket = isTls ? connectTls({ ...target, servername: url.hostname }) : connect(target);
      const timer = setTimeout(
        () => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })),
        callMs,
      );
      socket.once(isTls ? 'secureConnect' : 'connect', () => {
        resolve();
        socket.destroy();
      });
      socket.once('error', reject).once('close', () => clearTimeout(timer));
    });
    return ok(about, 'it can be connected to');
  } catch (error) {
    const { says, remedy } = explain(error, '');
    return fault(about, says, remedy);
  }
}
