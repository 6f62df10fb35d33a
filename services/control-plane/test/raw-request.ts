import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Sha256 } from '@aws-crypto/sha256-js';
import { readBody } from '@roomstream/testing/read-body';
import { SignatureV4 } from '@smithy/signature-v4';

/** A request whose bytes the test chooses. */
export type RawRequest = {
  readonly method?: string;
  /** Path and query, as sent. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Who signs; nobody when undefined. */
  readonly user?: string;
  /** PEM of the server's certificate, for TLS. */
  readonly ca?: string;
  /** Signed instead of the body's hash. */
  readonly payloadHash?: string;
};

/** What came back. */
export type RawAnswer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

/** Sends a request to `url`, signed by the official signer. */
export async function rawRequest(url: string, raw: RawRequest): Promise<RawAnswer> {
  const { method = 'POST', path, body = '' } = raw;
  const base = new URL(url);
  const headers: Record<string, string> = { 'content-type': 'application/json', ...raw.headers };
  const signed = raw.user === undefined ? headers : await sign(base, raw.user, method, path, headers, raw);
  const send = base.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const options = { method, host: base.hostname, port: base.port, path, headers: signed, agent: false };
    const request = send({ ...options, ...(raw.ca !== undefined && { ca: raw.ca }) }, (response) => {
      const { statusCode: status = 0, headers } = response;
      readBody(response).then((bytes) => resolve({ status, headers, body: bytes.toString() }), reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function sign(
  base: URL,
  user: string,
  method: string,
  pathAndQuery: string,
  headers: Readonly<Record<string, string>>,
  raw: RawRequest,
): Promise<Record<string, string>> {
  const signer = new SignatureV4({
    credentials: { accessKeyId: user, secretAccessKey: user },
    region: 'us-west-2',
    service: 'ivschat',
    sha256: Sha256,
  });
  const [path = '', query = ''] = pathAndQuery.split('?');
  const hash = raw.payloadHash === undefined ? {} : { 'x-amz-content-sha256': raw.payloadHash };
  const { headers: signed } = await signer.sign({
    method,
    protocol: base.protocol,
    hostname: base.hostname,
    path,
    query: readQuery(query),
    headers: { ...headers, ...hash, host: base.host },
    body: raw.body ?? '',
  });
  return signed;
}

function readQuery(text: string): Record<string, string | string[]> {
  const parameters = new URLSearchParams(text);
  return Object.fromEntries([...parameters.keys()].map((name) => [name, parameters.getAll(name)]));
}
