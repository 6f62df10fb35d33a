import { createHash, createHmac } from 'node:crypto';
import { authenticate } from './authenticate.ts';
import { authorize } from './authorize.ts';
import { localCredentials } from './credentials.ts';
import type { HttpRequest } from './http-request.ts';

// What one CreateChatToken costs before any operation runs: node dist/src/auth/authenticate.bench.js

const region = 'us-west-2';
const stamp = '20260731T120000Z';
const scope = `20260731/${region}/ivschat/aws4_request`;
const roomArn = `arn:aws:ivschat:${region}:000000000000:room/AbCdEf123456`;
const body = Buffer.from(
  JSON.stringify({
    roomIdentifier: roomArn,
    userId: 'viewer-123456',
    capabilities: ['SEND_MESSAGE'],
    attributes: { name: 'Alice' },
  }),
);

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

/** The headers that the AWS SDK for JavaScript sends and signs. */
function signedRequest(): HttpRequest {
  const headers = new Map([
    ['amz-sdk-invocation-id', '0c928725-54e1-42f5-9ffb-0e48dd16181e'],
    ['amz-sdk-request', 'attempt=1; max=3'],
    ['content-length', String(body.length)],
    ['content-type', 'application/json'],
    ['host', 'chat.example:8080'],
    ['x-amz-content-sha256', sha256(body)],
    ['x-amz-date', stamp],
    [
      'x-amz-user-agent',
      'aws-sdk-js/3.952.0 ua/2.1 os/linux#6.1 lang/js md/nodejs#20.20.2 api/ivschat#3.952.0 m/N,E,e',
    ],
  ]);
  const names = [...headers.keys()].join(';');
  const lines = [...headers].map(([name, value]) => `${name}:${value}\n`).join('');
  const canonical = `POST\n/CreateChatToken\n\n${lines}\n${names}\n${sha256(body)}`;
  const key = scope
    .split('/')
    .reduce<string | Buffer>((k, part) => createHmac('sha256', k).update(part).digest(), 'AWS4test');
  const signature = createHmac('sha256', key)
    .update(`AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${sha256(canonical)}`)
    .digest('hex');
  headers.set(
    'authorization',
    `AWS4-HMAC-SHA256 Credential=test/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  );
  headers.set('user-agent', 'aws-sdk-js/3.952.0').set('connection', 'keep-alive');
  return { method: 'POST', rawPath: '/CreateChatToken', rawQuery: '', headers, body, isTls: false };
}

const request = signedRequest();
const credentials = localCredentials('test', 'test', '000000000000');
const nowMs = Date.UTC(2026, 6, 31, 12);
const tags = { resourceTags: {}, requestTags: undefined, tagKeys: undefined };

function once(): void {
  const result = authenticate(request, credentials, region, nowMs);
  if (result.kind === 'fault') throw new Error(result.message);
  if (!authorize(result.caller, { action: 'ivschat:CreateChatToken', resource: roomArn, ...tags }))
    throw new Error('denied');
}

const rounds = 50_000;
for (let pass = 1; pass <= 4; pass++) {
  const start = process.cpuUsage();
  for (let i = 0; i < rounds; i++) once();
  const { user, system } = process.cpuUsage(start);
  console.log(`pass ${pass}: ${((user + system) / rounds).toFixed(1)} µs of CPU per CreateChatToken call`);
}
