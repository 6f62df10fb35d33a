import type { CostValues } from './costs.ts';
import type { Demand } from './demand.ts';
import { type Reading, readingOf } from './reading.ts';

/** What happens in a cell each second. */
export type Load = {
  readonly viewers: number;
  readonly rooms: number;
  readonly messages: number;
  readonly deliveries: number;
  /** Tokens, each of which becomes a handshake. */
  readonly joins: number;
};

/** What a cell needs, and what is asked of it. */
export type Cell = {
  readonly load: Load;
  readonly gateways: number;
  readonly controlPlanes: number;
  readonly reviewWorkers: number;
  readonly logShippers: number;
  readonly redisMasters: number;
  readonly reading: Reading;
  /** Cores in use by all processes of a kind. */
  readonly cores: {
    readonly gateways: number;
    readonly controlPlanes: number;
    readonly reviewWorkers: number;
    readonly logShippers: number;
    readonly redis: number;
  };
  readonly gatewayMegabytes: number;
  /** Bits a second from all gateways to viewers, and from Redis to all gateways. */
  readonly viewerBits: number;
  readonly redisBits: number;
  readonly storms: { readonly gatewayDeath: Storm; readonly everybody: Storm };
};

/** Many who come back at once, while everything else goes on. */
export type Storm = {
  readonly connections: number;
  /** Until the last is back, with all cores at work. */
  readonly seconds: number;
  /** What takes longest. */
  readonly bound: 'gateways' | 'control planes' | 'Redis';
};

const micro = 1e-6;
/** Of gateways and control planes: one may die. */
const leastProcesses = 2;
/** WebSocket header, TLS record, TCP, IP and Ethernet of a frame that has a packet for itself. */
const packetBytes = 4 + 22 + 32 + 20 + 18;
/** Prefix of an entry, stream id, channel name and the reply around them; a packet for each. */
const entryBytes = 37 + 60 + 32 + 20 + 18;
/** Windows in which a room's records become an object. */
const logWindowSeconds = 60;

/** What one cell of a demand needs. */
export function cellOf(demand: Demand, costs: CostValues): Cell {
  const load = loadOf(demand);
  const { utilisation, shards, viewersPerRoom } = demand;
  const readAt = (gateways: number) => readingOf(load.rooms, viewersPerRoom, shards, gateways);
  const gatewayCores = (gateways: number) => gatewayWork(demand, load, costs, readAt(gateways), gateways);
  const gateways = fewest(
    Math.max(leastProcesses, Math.ceil(load.viewers / demand.connectionsPerGateway)),
    (count) => gatewayCores(count) / count <= utilisation,
  );
  const reading = readAt(gateways);
  const cores = {
    gateways: gatewayCores(gateways),
    controlPlanes: load.joins * costs.tokenControlPlane * micro,
    reviewWorkers: load.messages * demand.reviewed * costs.reviewWorker * micro,
    logShippers: shipperWork(demand, load, costs),
    redis: redisWork(demand, load, costs, reading, gateways),
  };
  const processes = (used: number) => Math.ceil(used / utilisation);
  const cell = {
    load,
    gateways,
    controlPlanes: Math.max(leastProcesses, processes(cores.controlPlanes)),
    reviewWorkers: processes(cores.reviewWorkers),
    logShippers: processes(cores.logShippers),
    redisMasters: Math.max(1, processes(cores.redis)),
    reading,
    cores,
    gatewayMegabytes: costs.gatewayBase + ((load.viewers / gateways) * costs.connection) / 1024,
    viewerBits: 8 * load.deliveries * (costs.frameBytes + packetBytes),
    redisBits: 8 * load.messages * reading.read * gateways * (costs.frameBytes + entryBytes),
  };
  return {
    ...cell,
    storms: {
      gatewayDeath: stormOf(cell, costs, load.viewers / gateways, gateways - 1),
      everybody: stormOf(cell, costs, load.viewers, gateways),
    },
  };
}

function loadOf({ viewers: all, cells, ...demand }: Demand): Load {
  const viewers = Math.ceil(all / cells);
  const rooms = Math.ceil(viewers / demand.viewersPerRoom);
  const comers = viewers / (demand.stayMinutes * 60);
  return {
    viewers,
    rooms,
    messages: rooms * demand.messagesPerRoom,
    deliveries: viewers * demand.messagesPerRoom,
    joins: comers + (demand.refreshSeconds === 0 ? 0 : viewers / demand.refreshSeconds),
  };
}

/** Cores that all gateways use together. */
function gatewayWork(
  { reviewed }: Demand,
  load: Load,
  costs: CostValues,
  reading: Reading,
  gateways: number,
): number {
  const taken = costs.messageGateway * (1 - reviewed) + costs.reviewGateway * reviewed;
  // The first to read a message is counted with its taking in.
  const read = Math.max(0, reading.read * gateways - 1) * costs.entryGateway;
  const perMessage = taken + read;
  return (
    micro *
    (load.messages * perMessage + load.deliveries * costs.delivery + load.joins * costs.handshakeGateway)
  );
}

function redisWork(
  { reviewed, logged }: Demand,
  load: Load,
  costs: CostValues,
  reading: Reading,
  gateways: number,
): number {
  const published = costs.messageRedis * (1 - reviewed) + costs.reviewRedis * reviewed;
  const read = Math.max(0, reading.read * gateways - 1) * costs.entryRedis;
  const perMessage = published + read + logged * costs.recordRedis;
  return micro * (load.messages * perMessage + load.joins * (costs.tokenRedis + costs.handshakeRedis));
}

function shipperWork(
  { logged, messagesPerRoom }: Demand,
  { messages, rooms }: Load,
  costs: CostValues,
): number {
  // A room in which less than a message a window is said has fewer objects than windows.
  const objects = rooms * Math.min(1 / logWindowSeconds, messagesPerRoom);
  return micro * logged * (messages * costs.recordShipper + objects * costs.logObject);
}

/** How long connections take to come back over what the processes have left. */
function stormOf(
  cell: Omit<Cell, 'storms'>,
  costs: CostValues,
  connections: number,
  gateways: number,
): Storm {
  const seconds = {
    gateways: (connections * costs.handshakeGateway * micro) / spare(gateways, cell.cores.gateways),
    'control planes':
      (connections * costs.tokenControlPlane * micro) / spare(cell.controlPlanes, cell.cores.controlPlanes),
    Redis:
      (connections * (costs.tokenRedis + costs.handshakeRedis) * micro) /
      spare(cell.redisMasters, cell.cores.redis),
  };
  const [bound, longest] = Object.entries(seconds).reduce((most, next) => (next[1] > most[1] ? next : most));
  return { connections: Math.round(connections), seconds: longest, bound: bound as Storm['bound'] };
}

/** Cores that are left; never none, so that a time is a number. */
function spare(processes: number, used: number): number {
  return Math.max(processes - used, 0.05);
}

/** No deployment is larger; where even this isn't enough, more of them don't help. */
const mostProcesses = 1_000_000;

/** The least number from `least` on that is enough. */
function fewest(least: number, isEnough: (count: number) => boolean): number {
  let low = least;
  let high = least;
  while (!isEnough(high)) {
    if (high > mostProcesses)
      throw new Error('no number of gateways is enough: spread the rooms over more cells');
    low = high + 1;
    high *= 2;
  }
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isEnough(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
