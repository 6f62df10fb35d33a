import { readFileSync } from 'node:fs';

/** A figure, and how it was found. */
export type Measured = {
  readonly value: number;
  readonly command: string;
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
};

/** Where the figures are: written by `npm run measure -w loadtest -- --save`, and by hand from other runs. */
export const measuredFile = new URL('../../measured.json', import.meta.url);

const meanings = {
  gatewayBase: ['MB', 'memory of a gateway without connections'],
  connection: ['KB', 'memory of a connection that does nothing'],
  handshakeGateway: ['µs', 'gateway: a handshake and its goodbye'],
  handshakeRedis: ['µs', 'Redis: a handshake and its goodbye'],
  tokenControlPlane: ['µs', 'control plane: CreateChatToken'],
  tokenRedis: ['µs', 'Redis: CreateChatToken'],
  messageGateway: ['µs', 'gateway: to take a message in, publish it, and read it back'],
  messageRedis: ['µs', 'Redis: to publish a message to the first gateway'],
  delivery: ['µs', 'gateway: to bring a message to a connection'],
  entryGateway: ['µs', 'gateway: to read a message that nobody on it is there for, at 10,000 a second'],
  entryRedis: ['µs', 'Redis: to bring a message to one more gateway'],
  reviewWorker: ['µs', 'review worker: a message that is reviewed'],
  reviewGateway: ['µs', 'gateway: a message that is reviewed, in all'],
  reviewRedis: ['µs', 'Redis: a message that is reviewed, in all'],
  recordShipper: ['µs', 'log shipper: a record, to a folder, 40 rooms, polling included'],
  recordRedis: ['µs', 'Redis: a record, beyond its message'],
  logObject: ['µs', 'log shipper: an object or request of a room'],
  frameBytes: ['bytes', 'a frame of a message with 81 characters'],
} as const;

/** Name of a figure. */
export type CostName = keyof typeof meanings;

/** All names, in the order of tables. */
export const costNames = Object.keys(meanings) as CostName[];

/** What a figure means, its value and where it comes from. */
export type Cost = { readonly unit: string; readonly about: string; readonly measured: Measured };

/** All figures. */
export const costs: Readonly<Record<CostName, Cost>> = readCosts();

/** The values alone. */
export type CostValues = Readonly<Record<CostName, number>>;

/** The values that are on file. */
export const measuredCosts: CostValues = Object.fromEntries(
  costNames.map((name) => [name, costs[name].measured.value]),
) as CostValues;

function readCosts(): Readonly<Record<CostName, Cost>> {
  const measured = JSON.parse(readFileSync(measuredFile, 'utf8')) as Readonly<Record<CostName, Measured>>;
  return Object.fromEntries(
    costNames.map((name) => {
      const [unit, about] = meanings[name];
      return [name, { unit, about, measured: measured[name] }];
    }),
  ) as Readonly<Record<CostName, Cost>>;
}
