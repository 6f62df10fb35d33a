/** An error of a server in plain words, and what to do. */
export type Explanation = { readonly says: string; readonly remedy: string };

type Fault = { readonly name?: string; readonly code?: string; readonly message?: string };

/** What a connection that didn't come about says. */
const networkFaults: Readonly<Record<string, Explanation>> = {
  ECONNREFUSED: {
    says: 'nothing listens there',
    remedy: 'start it, or mend host and port; a firewall may refuse as well',
  },
  ENOTFOUND: { says: 'its name is unknown', remedy: 'mend the name, or the DNS of this machine' },
  EAI_AGAIN: { says: 'names can’t be looked up now', remedy: 'mend the DNS of this machine' },
  ETIMEDOUT: {
    says: 'nobody answers',
    remedy: 'look for a firewall, security group or network policy between here and there',
  },
  ECONNRESET: {
    says: 'the connection is cut at once',
    remedy: 'look whether one side speaks TLS and the other doesn’t, and for a proxy in between',
  },
  EHOSTUNREACH: { says: 'there is no way to its network', remedy: 'mend routes or the address' },
  SELF_SIGNED_CERT_IN_CHAIN: {
    says: 'its certificate is of an authority that isn’t known here',
    remedy: 'name the authority: ROOMSTREAM_REDIS_CA_FILE for Redis, NODE_EXTRA_CA_CERTS for all else',
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: {
    says: 'its certificate is signed by itself',
    remedy: 'name it as an authority: ROOMSTREAM_REDIS_CA_FILE for Redis, NODE_EXTRA_CA_CERTS for all else',
  },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    says: 'its certificate can’t be verified',
    remedy: 'name the authority: ROOMSTREAM_REDIS_CA_FILE for Redis, NODE_EXTRA_CA_CERTS for all else',
  },
  CERT_HAS_EXPIRED: { says: 'its certificate has expired', remedy: 'renew it' },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    says: 'its certificate is of another name',
    remedy: 'connect by a name that the certificate has',
  },
};

/** What services of AWS answer, by the beginning of the error's name. */
const awsFaults: readonly (readonly [RegExp, (rights: string) => Explanation])[] = [
  [
    /^(AccessDenied|NotAuthorized|UnauthorizedOperation|AllAccessDisabled)/,
    (rights) => ({
      says: 'access is denied',
      remedy: `allow ${rights} to these credentials, and in the policy of the resource`,
    }),
  ],
  [
    /^(CredentialsProviderError)/,
    () => ({
      says: 'the AWS SDK finds no credentials',
      remedy:
        'set an access key (ROOMSTREAM_…_ACCESS_KEY_ID, or AWS_ACCESS_KEY_ID), a profile, or give the machine a role',
    }),
  ],
  [
    /^(UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId|InvalidSignature|SignatureDoesNotMatch|IncompleteSignature|MissingAuthenticationToken)/,
    () => ({
      says: 'the access key or its secret is wrong',
      remedy: 'mend the credentials, and look at this machine’s clock',
    }),
  ],
  [
    /^(ExpiredToken|TokenRefreshRequired|RequestExpired)/,
    () => ({ says: 'the credentials have expired', remedy: 'renew them' }),
  ],
  [/^(RequestTimeTooSkewed)/, () => ({ says: 'this machine’s clock is wrong', remedy: 'let it follow NTP' })],
  [
    /^(NoSuchBucket)/,
    () => ({ says: 'there is no such bucket', remedy: 'create it, or mend the logging configuration' }),
  ],
  [
    /^(PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraint)/,
    () => ({ says: 'it is in another region', remedy: 'set the region of the service, ROOMSTREAM_…_REGION' }),
  ],
  [
    /^(ResourceNotFound|NotFoundException|NoSuchKey|KMSInvalidState|Disabled)/,
    () => ({
      says: 'it isn’t there, or is disabled',
      remedy: 'create or enable it, and look at region and account',
    }),
  ],
  [
    /^(Throttling|TooManyRequests|SlowDown|LimitExceeded)/,
    () => ({ says: 'it is asked too often', remedy: 'try again, or raise its quota' }),
  ],
];

/** Explains an error; `rights` are those that the call needs. What isn't known is quoted. */
export function explain(error: unknown, rights: string): Explanation {
  const { name = '', code = '', message = `${error}` } = (error ?? {}) as Fault;
  const network = networkFaults[code];
  if (network !== undefined) return network;
  if (name === 'TimeoutError' || name === 'AbortError') return networkFaults['ETIMEDOUT'] as Explanation;
  const known = awsFaults.find(([pattern]) => pattern.test(name));
  if (known === undefined)
    return {
      says: `it answers: ${name === 'Error' ? '' : `${name}: `}${message}`,
      remedy: 'look into its log',
    };
  const [, explained] = known;
  const { says, remedy } = explained(rights);
  return { says: `${says} (${name}: ${message})`, remedy };
}
