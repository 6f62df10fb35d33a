import assert from 'node:assert/strict';
import { Agent, request as httpRequest } from 'node:http';
import { after, before, test } from 'node:test';
import { readBody } from '@roomstream/testing/read-body';
import { generateRequest } from '../src/api-cases.ts';
import { residentKb } from '../src/process-usage.ts';
import { seededRandom } from '../src/random.ts';
import { type PlainRequest, signRequest } from '../src/sign-request.ts';
import { openStage, type Stage } from '../src/stage.ts';

const seed = 20_240_612;
const requests = 20_000;
const lanes = 16;
const agent = new Agent({ keepAlive: true, maxSockets: lanes });
let stage: Stage;

before(async () => {
  stage = await openStage({ gateways: 0 });
});
after(async () => {
  agent.destroy();
  await stage?.close();
});

test(`${requests} generated API requests: each gets an AWS-shaped answer, none a 500, memory stays flat`, async (t) => {
  t.diagnostic(`seed ${seed}`);
  const controlPlane = stage.fleet.controlPlanes[0];
  assert.ok(controlPlane !== undefined);
  const room = await stage.api.createRoom();
  const { arn: loggingConfiguration = '' } = await stage.api.client.createLoggingConfiguration({
    destinationConfiguration: { s3: { bucketName: 'fuzz-bucket' } },
  });
  const signer = { ...stage.fleet.credentials, region: stage.fleet.region };
  const random = seededRandom(seed);
  const host = `127.0.0.1:${controlPlane.port}`;
  const statuses = new Map<number, number>();
  let warmKb = 0;
  let started = 0;
  const lane = async () => {
    while (started < requests) {
      if (++started === requests / 5) warmKb = residentKb(controlPlane.pid);
      const plain = generateRequest(random, host, { room, loggingConfiguration });
      const headers = random.below(10) === 0 ? unsigned(plain, random.text(20)) : signRequest(plain, signer);
      const answer = await send(controlPlane.port, plain, headers);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      assertShape(plain, answer);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const endKb = residentKb(controlPlane.pid);
  t.diagnostic([...statuses].map(([status, count]) => `${status}: ${count}`).join(', '));
  t.diagnostic(`RSS ${warmKb} KB after a fifth, ${endKb} KB at the end`);
  assert.ok((statuses.get(200) ?? 0) > 100, 'hardly any generated request was valid');
  assert.ok((statuses.get(400) ?? 0) > 1000);
  assert.ok((statuses.get(403) ?? 0) > 1000);
  assert.ok(endKb < warmKb * 1.25 + 20_000, `memory grew from ${warmKb} to ${endKb} KB`);
  assert.ok(controlPlane.isRunning());
});

type Answer = {
  readonly status: number;
  readonly errorType: string | undefined;
  readonly requestId: string | undefined;
  readonly body: string;
};

function assertShape(plain: PlainRequest, answer: Answer): void {
  const what = `seed ${seed}: ${plain.method} ${plain.path} ${plain.body.toString().slice(0, 500)} => ${answer.status} ${answer.body}`;
  assert.ok(answer.status >= 200 && answer.status < 500, what);
  // "Every answer carries x-amzn-RequestId"; a preflight answer isn't one of an operation.
  if (plain.method !== 'OPTIONS') assert.ok(answer.requestId !== undefined, what);
  if (answer.status < 400) return;
  assert.ok(answer.errorType !== undefined, what);
  assert.equal(typeof JSON.parse(answer.body), 'object', what);
}

/** No signature, or one that is none. */
function unsigned(plain: PlainRequest, noise: string): Readonly<Record<string, string>> {
  const value = noise.replaceAll(/[^\x20-\x7e]/g, '=');
  return value.length % 2 === 0
    ? plain.headers
    : { ...plain.headers, authorization: `AWS4-HMAC-SHA256 ${value}` };
}

function send(port: number, plain: PlainRequest, headers: Readonly<Record<string, string>>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method: plain.method, path: plain.path, agent };
    const outgoing = httpRequest(
      { ...options, headers: { ...headers, 'content-length': `${plain.body.length}` } },
      (response) => {
        const { statusCode: status = 0, headers: got } = response;
        const errorType = got['x-amzn-errortype'] as string | undefined;
        const requestId = got['x-amzn-requestid'] as string | undefined;
        readBody(response).then(
          (bytes) => resolve({ status, errorType, requestId, body: bytes.toString() }),
          reject,
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(plain.body);
  });
}
