/** What is asked of a deployment. */
export type Demand = {
  readonly viewers: number;
  readonly viewersPerRoom: number;
  /** Messages a second in each room. */
  readonly messagesPerRoom: number;
  /** Stock clients exchange their connection every 30 s; 0: the application gives out tokens that live longer. */
  readonly refreshSeconds: number;
  /** How long a viewer stays on average. */
  readonly stayMinutes: number;
  /** Share of the messages that are logged. */
  readonly logged: number;
  /** Share of the messages that a review handler sees. */
  readonly reviewed: number;
  /** Deployments of their own over which the rooms are spread. */
  readonly cells: number;
  /** Streams over which the rooms of a cell are spread. */
  readonly shards: number;
  /** Connections of a gateway at most: so many come back at once when it dies. */
  readonly connectionsPerGateway: number;
  /** Share of a core that a process may use, so that it bears what isn't even. */
  readonly utilisation: number;
};

/** An ordinary evening. */
export const ordinary: Omit<Demand, 'viewers'> = {
  viewersPerRoom: 1_000,
  messagesPerRoom: 2,
  refreshSeconds: 30,
  stayMinutes: 30,
  logged: 1,
  reviewed: 0,
  cells: 1,
  shards: 128,
  connectionsPerGateway: 10_000,
  utilisation: 0.6,
};

/** What options are called and mean; the defaults are those of `ordinary`. */
export const demandMeanings: Readonly<Record<keyof Demand, string>> = {
  viewers: 'connections at once',
  viewersPerRoom: 'of them in each room',
  messagesPerRoom: 'messages a second in each room',
  refreshSeconds:
    'official clients exchange their connection so often; 0: never, tokens live longer than viewers stay',
  stayMinutes: 'how long a viewer stays',
  logged: 'share of the messages that are logged',
  reviewed: 'share of the messages that a review handler sees',
  cells: 'deployments of their own over which the rooms are spread',
  shards: 'ROOMSTREAM_SHARDS of each',
  connectionsPerGateway: 'connections of a gateway process at most',
  utilisation: 'share of its core that a process may use',
};

/** Throws an Error that names all values that make no sense. */
export function checkDemand(demand: Demand): Demand {
  const isWhole = (value: number) => Number.isInteger(value) && value >= 1;
  const isShare = (value: number) => value >= 0 && value <= 1;
  const holds: Readonly<Record<keyof Demand, boolean>> = {
    viewers: isWhole(demand.viewers),
    viewersPerRoom: isWhole(demand.viewersPerRoom),
    messagesPerRoom: demand.messagesPerRoom >= 0,
    refreshSeconds: demand.refreshSeconds >= 0,
    stayMinutes: demand.stayMinutes > 0,
    logged: isShare(demand.logged),
    reviewed: isShare(demand.reviewed),
    cells: isWhole(demand.cells),
    shards: isWhole(demand.shards) && demand.shards <= 1024,
    connectionsPerGateway: isWhole(demand.connectionsPerGateway),
    utilisation: demand.utilisation > 0 && demand.utilisation <= 1,
  };
  const wrong = (Object.keys(holds) as (keyof Demand)[]).filter((name) => !holds[name]);
  if (wrong.length > 0) throw new Error(wrong.map((name) => `${name} can't be ${demand[name]}`).join('; '));
  return demand;
}
