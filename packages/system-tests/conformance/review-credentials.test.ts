import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { respond, startHandlerEndpoint } from '../src/handler-endpoint.ts';
import { startHandlerServer } from '../src/handler-server.ts';
import { reviewed } from '../src/review-cases.ts';
import { openStage } from '../src/stage.ts';

/** A worker that finds its credentials at `container`, as in ECS or EKS, and no others. */
const foundAt = (container: string) => ({
  // Whatever the machine has of its own is out of sight.
  AWS_ACCESS_KEY_ID: '',
  AWS_SECRET_ACCESS_KEY: '',
  AWS_PROFILE: '',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_CONTAINER_CREDENTIALS_FULL_URI: `${container}/credentials`,
});

const found = () => ({
  AccessKeyId: 'found',
  SecretAccessKey: 'found',
  Token: 'found',
  Expiration: new Date(Date.now() + 3_600_000).toISOString(),
});

test('a worker has looked for its credentials when it is ready, so that no message waits for them', async (t) => {
  let asked = 0;
  const container = await startHandlerServer(undefined, (_request, response) => {
    asked++;
    respond(response, found());
  });
  t.after(container.close);
  const handlers = await startHandlerEndpoint();
  t.after(handlers.close);
  const stage = await openStage({
    reviewWorkers: 1,
    reviewWorkerEnv: { ROOMSTREAM_LAMBDA_ENDPOINT: handlers.url, ...foundAt(container.url) },
    accountQuotas: { messageReviewTimeoutMs: 3_000 },
  });
  t.after(stage.close);
  assert.equal(asked, 1);
  const uri = handlers.define('quick', (response) =>
    respond(response, { ReviewResult: 'ALLOW', Content: 'seen' }),
  );
  const frame = await reviewed(stage, uri, 'DENY');
  assert.equal(frame.Content, 'seen', frame.ErrorMessage);
  assert.equal(asked, 1);
});

test('a worker that found no credentials when it started looks for them again before a message needs them', async (t) => {
  let hasFound = false;
  let asked = 0;
  const container = await startHandlerServer(undefined, (_request, response) => {
    // More often than one search asks.
    hasFound = ++asked > 8;
    if (hasFound) return respond(response, found());
    response.writeHead(500).end();
  });
  t.after(container.close);
  const stage = await openStage({ reviewWorkers: 1, reviewWorkerEnv: foundAt(container.url) });
  t.after(stage.close);
  await eventually(() => assert.ok(hasFound, `asked ${asked} times`), 60_000);
});
