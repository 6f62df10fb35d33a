import type { Signer } from './sign-request.ts';

/** What a process of the crowd is started with. */
export type CrowdOrder = {
  readonly signer: Signer;
  readonly controlPlane: string;
  /** Where its clients connect. */
  readonly url: string;
  readonly users: readonly { readonly userId: string; readonly roomIdentifier: string }[];
};

/** What it is asked, each answered once. */
export type CrowdRequest =
  /** How many of its clients are connected. */
  | { readonly ask: 'connected' }
  /** Lets its clients say so many messages a second, one after the other; 0: no more. */
  | { readonly ask: 'speak'; readonly perSecond: number }
  /** How many of those in a room have been told an Id. */
  | { readonly ask: 'told'; readonly roomIdentifier: string; readonly id: string }
  | { readonly ask: 'report' };

/** What it answers; times in milliseconds since the epoch. */
export type CrowdReport = {
  readonly userId: string;
  readonly roomIdentifier: string;
  readonly ids: readonly string[];
  readonly toldMs: readonly number[];
  readonly connections: readonly { readonly openedMs: number; readonly closedMs: number | undefined }[];
  readonly gaveUp: readonly string[];
};
