import crypto from 'k6/crypto';
import http from 'k6/http';
import type { LoadSettings } from './pure/settings.ts';
import { type Hashes, type Signer, signPost } from './pure/sign-request.ts';

/** What the control plane answered. */
export type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };

const hashes: Hashes = {
  sha256: (text) => crypto.sha256(text, 'hex'),
  hmac: (key, text) => crypto.hmac('sha256', key, text, 'binary'),
  hmacHex: (key, text) => crypto.hmac('sha256', key, text, 'hex'),
};

/** The API as this test's access key may use it. */
export class ControlPlane {
  readonly #signer: Signer;
  readonly #endpoint: string;

  constructor(settings: LoadSettings) {
    this.#endpoint = settings.ENDPOINT.replace(/\/$/, '');
    this.#signer = {
      accessKeyId: settings.AWS_ACCESS_KEY_ID,
      secretAccessKey: settings.AWS_SECRET_ACCESS_KEY,
      sessionToken: settings.AWS_SESSION_TOKEN,
      region: settings.REGION,
    };
  }

  /** Calls an operation without holding up the other connections of this virtual user. */
  async call(operation: string, input: object): Promise<Answer> {
    const { url, body, params } = this.#request(operation, input);
    try {
      return answerOf(await http.asyncRequest('POST', url, body, params));
    } catch (error) {
      return noAnswer(error);
    }
  }

  /** Calls an operation and waits: in setup() and teardown(). */
  callNow(operation: string, input: object): Answer {
    const { url, body, params } = this.#request(operation, input);
    try {
      return answerOf(http.post(url, body, params));
    } catch (error) {
      return noAnswer(error);
    }
  }

  #request(operation: string, input: object) {
    const path = `/${operation}`;
    const body = JSON.stringify(input);
    const host = this.#endpoint.replace(/^https?:\/\//, '');
    const headers = signPost({ host, path, body }, this.#signer, hashes, Date.now());
    // The name keeps k6's own metrics to one series an operation.
    return {
      url: `${this.#endpoint}${path}`,
      body,
      params: { headers: { ...headers }, tags: { name: operation } },
    };
  }
}

/** Status 0, as k6 has it. */
function noAnswer(error: unknown): Answer {
  return { status: 0, body: { message: String(error) } };
}

function answerOf(response: { readonly status: number; readonly body?: unknown }): Answer {
  const text = typeof response.body === 'string' ? response.body : '';
  return { status: response.status, body: parsed(text) };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    // Nothing, or the page of a proxy: the status says it.
    return { message: text };
  }
}

/** Whether it is worth asking again: too many calls, or the service is away for a moment. */
export function isPassing({ status }: Answer): boolean {
  return status === 429 || status >= 500 || status === 0;
}

/** An answer for a log line. */
export function inWords({ status, body }: Answer): string {
  return `${status} ${String(body['message'] ?? body['Message'] ?? '')}`;
}
