/** A POST of the control plane before it is signed. */
export type PlainPost = { readonly host: string; readonly path: string; readonly body: string };

/** Who signs, for which region. */
export type Signer = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials; empty when there is none. */
  readonly sessionToken: string;
  readonly region: string;
};

/** What a signature needs of a library: k6/crypto in load tests, node:crypto in their tests. */
export type Hashes = {
  /** SHA-256 in hexadecimal digits. */
  sha256(text: string): string;
  hmac(key: string | ArrayBuffer, text: string): ArrayBuffer;
  hmacHex(key: ArrayBuffer, text: string): string;
};

const service = 'ivschat';
const algorithm = 'AWS4-HMAC-SHA256';

/** The headers of a POST with a Signature Version 4 for service `ivschat`; the path has nothing to be escaped. */
export function signPost(
  { host, path, body }: PlainPost,
  signer: Signer,
  hashes: Hashes,
  nowMs: number,
): Readonly<Record<string, string>> {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    host,
    'x-amz-date': stamp,
    ...(signer.sessionToken === '' ? {} : { 'x-amz-security-token': signer.sessionToken }),
  };
  const names = Object.keys(headers).sort();
  const signed = names.join(';');
  const lines = names.map((name) => `${name}:${headers[name]}`);
  const canonical = ['POST', path, '', ...lines, '', signed, hashes.sha256(body)].join('\n');
  const scope = `${stamp.slice(0, 8)}/${signer.region}/${service}/aws4_request`;
  const toSign = [algorithm, stamp, scope, hashes.sha256(canonical)].join('\n');
  const key = keyOf(signer, scope, hashes);
  const credential = `Credential=${signer.accessKeyId}/${scope}`;
  const signature = hashes.hmacHex(key, toSign);
  const authorization = `${algorithm} ${credential}, SignedHeaders=${signed}, Signature=${signature}`;
  // The client library writes Host itself, from the URL.
  const { host: _, ...sent } = headers;
  return { ...sent, authorization };
}

function keyOf({ secretAccessKey }: Signer, scope: string, hashes: Hashes): ArrayBuffer {
  const [first = '', ...rest] = scope.split('/');
  return rest.reduce((key, part) => hashes.hmac(key, part), hashes.hmac(`AWS4${secretAccessKey}`, first));
}
