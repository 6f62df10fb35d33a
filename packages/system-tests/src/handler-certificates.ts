import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a TLS server shows, in PEM. */
export type Certificate = { readonly cert: Buffer; readonly key: Buffer };

/** Certificates of handler endpoints on 127.0.0.1, good and bad; all but one are signed by an authority of their own. */
export type HandlerCertificates = {
  /** The authority's file, for NODE_EXTRA_CA_CERTS. */
  readonly authorityFile: string;
  readonly good: Certificate;
  readonly selfSigned: Certificate;
  /** Since a day ago. */
  readonly expired: Certificate;
  /** Good for another host. */
  readonly wrongHost: Certificate;
};

const dayMs = 24 * 60 * 60 * 1000;
const address = 'IP:127.0.0.1';
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** `openssl ca`, since only that takes an end of validity that is over. */
const authorityConfig = `
[ca]
default_ca = own
[own]
certificate = authority.crt
private_key = authority.key
database = index.txt
new_certs_dir = .
serial = serial
default_md = sha256
policy = anyone
unique_subject = no
copy_extensions = copy
[anyone]
commonName = supplied
`;

/** Makes them in a folder that the caller removes. */
export function makeHandlerCertificates(folder: string): HandlerCertificates {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const read = (name: string): Certificate => ({
    cert: readFileSync(join(folder, `${name}.crt`)),
    key: readFileSync(join(folder, `${name}.key`)),
  });
  const request = (name: string, subjectAltName: string | undefined, ...more: string[]) => {
    const names = subjectAltName === undefined ? [] : ['-addext', `subjectAltName=${subjectAltName}`];
    openssl('req', ...newKey, '-keyout', `${name}.key`, '-subj', `/CN=${name}`, ...names, ...more);
  };
  const selfSign = (name: string, subjectAltName?: string): Certificate => {
    request(name, subjectAltName, '-x509', '-days', '2', '-out', `${name}.crt`);
    return read(name);
  };
  const sign = (name: string, subjectAltName: string, endMs: number): Certificate => {
    request(name, subjectAltName, '-out', `${name}.csr`);
    const validity = ['-startdate', utcTime(Date.now() - 2 * dayMs), '-enddate', utcTime(endMs)];
    const files = ['-in', `${name}.csr`, '-out', `${name}.crt`];
    openssl('ca', '-batch', '-notext', '-config', 'authority.conf', ...validity, ...files);
    return read(name);
  };
  writeFileSync(join(folder, 'authority.conf'), authorityConfig);
  writeFileSync(join(folder, 'index.txt'), '');
  writeFileSync(join(folder, 'serial'), '01\n');
  selfSign('authority');
  return {
    authorityFile: join(folder, 'authority.crt'),
    good: sign('good', address, Date.now() + dayMs),
    selfSigned: selfSign('self-signed', address),
    expired: sign('expired', address, Date.now() - dayMs),
    wrongHost: sign('wrong-host', 'DNS:elsewhere.example', Date.now() + dayMs),
  };
}

/** As `openssl ca` takes it: YYMMDDHHMMSSZ. */
function utcTime(ms: number): string {
  return `${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`;
}
