import type { Cell } from './capacity.ts';

/** Two digits, rounded up, with something to spare. */
const spare = 1.5;

/** Quotas of an account that is alone on a cell, where they are above the defaults of IVS Chat or near them. */
export function quotasOf({ load }: Cell): Readonly<Record<string, number>> {
  return {
    // An official client has two connections for a moment whenever it exchanges them.
    connections: withSpare(load.viewers),
    rooms: withSpare(load.rooms),
    createChatTokenPerSecond: withSpare(load.joins),
    sendMessagePerSecond: withSpare(load.messages),
  };
}

function withSpare(value: number): number {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(value * spare)) - 1);
  return Math.ceil((value * spare) / step) * step;
}
