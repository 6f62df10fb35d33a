import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { type ControlPlaneUnderTest, startUnderTest } from './control-plane-under-test.ts';
import { type RawAnswer, type RawRequest, rawRequest } from './raw-request.ts';

let plane: ControlPlaneUnderTest;

before(async () => {
  plane = await startUnderTest();
});
after(() => plane.stop());

const call = (raw: RawRequest) => rawRequest(plane.url, { user: 'test', ...raw });

function assertError(answer: RawAnswer, status: number, type: string, reason?: string): void {
  assert.equal(answer.status, status, answer.body);
  assert.equal(answer.headers['x-amzn-errortype'], type);
  assert.match(`${answer.headers['x-amzn-requestid']}`, /^[0-9a-f-]{36}$/);
  assert.equal(answer.headers['content-type'], 'application/json');
  const body = JSON.parse(answer.body);
  assert.equal(typeof body.message, 'string');
  assert.equal(body.reason, reason);
}

test('a success carries a request id, JSON, and timestamps with milliseconds in UTC', async () => {
  const answer = await call({ path: '/CreateRoom', body: '{}' });
  assert.equal(answer.status, 200);
  assert.match(`${answer.headers['x-amzn-requestid']}`, /^[0-9a-f-]{36}$/);
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.match(JSON.parse(answer.body).createTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('an unknown operation, also an unsigned one, is the UNKNOWN_OPERATION error', async () => {
  for (const raw of [
    { path: '/' },
    { path: '/CreateChannel', body: '{}' },
    { path: '/CreateRoom', method: 'GET' },
    { path: '/tags', method: 'GET' },
    { path: '/GetRoom', method: 'OPTIONS' },
  ]) {
    assertError(await call(raw), 400, 'ValidationException', 'UNKNOWN_OPERATION');
  }
  const unsigned = await rawRequest(plane.url, { path: '/x' });
  assertError(unsigned, 400, 'ValidationException', 'UNKNOWN_OPERATION');
});

test('bad JSON and wrong content types are a ValidationException with reason OTHER', async () => {
  for (const raw of [
    { path: '/CreateRoom', body: '{' },
    { path: '/CreateRoom', body: Buffer.from([0x22, 0xff, 0x22]) },
    { path: '/CreateRoom', body: '{}', headers: { 'content-type': 'text/plain' } },
    { path: '/CreateRoom', body: '{}', headers: { 'content-encoding': 'gzip' } },
  ]) {
    assertError(await call(raw), 400, 'ValidationException', 'OTHER');
  }
});

test('a body that is no object is a ValidationException with the field list', async () => {
  for (const body of ['[]', 'null', '"x"', '1']) {
    assertError(
      await call({ path: '/CreateRoom', body }),
      400,
      'ValidationException',
      'FIELD_VALIDATION_FAILED',
    );
  }
});

test('a body of exactly 256 KB is taken, one byte more is refused, announced or not', async () => {
  const sized = (bytes: number) => `{"x":"${'a'.repeat(bytes - 8)}"}`;
  assert.equal((await call({ path: '/CreateRoom', body: sized(256 * 1024) })).status, 200);
  const body = sized(256 * 1024 + 1);
  for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
    const answer = await call({ path: '/CreateRoom', body, headers });
    assertError(answer, 400, 'ValidationException', 'OTHER');
    assert.equal(answer.headers.connection, 'close');
  }
});

test('a body of many megabytes is refused while it is sent', async () => {
  const answer = await streamUntilAnswered(plane.url);
  assert.match(answer, /^HTTP\/1\.1 400 /);
  assert.match(answer, /ValidationException/);
});

test('a call without a signature, or with a wrong one, is refused with the common errors of AWS', async () => {
  const unsigned = await rawRequest(plane.url, { path: '/CreateRoom', body: '{}' });
  assertError(unsigned, 403, 'MissingAuthenticationToken');
  assertError(
    await call({ path: '/CreateRoom', body: '{}', user: 'nobody' }),
    403,
    'UnrecognizedClientException',
  );
  const altered = await call({ path: '/CreateRoom', body: '{}', payloadHash: '0'.repeat(64) });
  assertError(altered, 403, 'InvalidSignatureException');
});

test('UNSIGNED-PAYLOAD is refused over plain HTTP', async () => {
  const answer = await call({ path: '/CreateRoom', body: '{}', payloadHash: 'UNSIGNED-PAYLOAD' });
  assert.equal(answer.status, 403);
});

test('bytes that are no HTTP request, and headers that are too large, get the shaped error', async () => {
  for (const bytes of [
    'nonsense\r\n\r\n',
    `GET / HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(130 * 1024)}\r\n\r\n`,
  ]) {
    const answer = await exchange(plane.url, bytes);
    assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
    assert.match(answer, /x-amzn-errortype: ValidationException/);
    assert.match(answer, /"reason":"OTHER"/);
  }
});

test('several calls go over one connection', async () => {
  const one = 'GET /x HTTP/1.1\r\nhost: x\r\n\r\n';
  const answer = await exchange(
    plane.url,
    `${one}${one}GET /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
  );
  assert.equal(answer.split('UNKNOWN_OPERATION').length, 4);
});

test('a connection that has asked nothing is closed without an answer; one with half a request gets 400', async () => {
  const { hostname, port } = new URL(plane.url);
  const answerTo = (bytes: string) =>
    new Promise<string>((resolve, reject) => {
      let answer = '';
      const socket = connect(Number(port), hostname, () => socket.write(bytes));
      socket.on('data', (chunk: Buffer) => {
        answer += chunk.toString();
      });
      socket.on('error', reject);
      socket.on('close', () => resolve(answer));
    });
  // After the ten seconds that headers may take.
  const [unused, half] = await Promise.all([answerTo(''), answerTo('POST /CreateRoom HTTP/1.1\r\n')]);
  assert.equal(unused, '');
  assert.match(half, /^HTTP\/1\.1 400 /);
});

/** Sends bytes and returns all that came back until the server closed. */
function exchange(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('error', () => resolve(answer));
    socket.on('close', () => resolve(answer));
  });
}

/** Sends chunk after chunk of an endless body until an answer comes. */
function streamUntilAnswered(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    socket.write('POST /CreateRoom HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
    const chunk = `10000\r\n${'a'.repeat(0x10000)}\r\n`;
    let isAnswered = false;
    let sent = 0;
    const more = () => {
      while (!isAnswered && sent < 1000 && socket.write(chunk)) sent++;
      sent++;
    };
    socket.on('drain', more);
    socket.once('data', (answer) => {
      isAnswered = true;
      resolve(answer.toString());
      socket.destroy();
    });
    socket.on('error', (error) => (isAnswered ? undefined : reject(error)));
    more();
  });
}
