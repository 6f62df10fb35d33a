/** What a client asks for by parameters of the URL that it connects to; stock clients take them as a part of their endpoint. */
export type Wishes = {
  /** `history`: newest frames of the room that a newcomer gets; 0: none. */
  readonly history: number;
  /** `events=on`: EVENTs among them. */
  readonly withEvents: boolean;
  /** `recovery=status`: an EVENT says how a recovery went. */
  readonly wantsStatus: boolean;
};

const none: Wishes = { history: 0, withEvents: false, wantsStatus: false };

/** Reads a query; the text says what is wrong with it. Parameters that nobody knows are left alone: proxies add some. */
export function readWishes(query: string, mostHistory: number): Wishes | string {
  if (query === '') return none;
  const parameters = new URLSearchParams(query);
  const history = parameters.get('history') ?? '0';
  const events = parameters.get('events') ?? 'off';
  const recovery = parameters.get('recovery') ?? 'off';
  if (!/^[0-9]{1,6}$/.test(history) || Number(history) > mostHistory) {
    return `history is ${quote(history)}, it must be a whole number from 0 to ${mostHistory}`;
  }
  if (events !== 'on' && events !== 'off') return `events is ${quote(events)}, it must be on or off`;
  if (recovery !== 'status' && recovery !== 'off') {
    return `recovery is ${quote(recovery)}, it must be status or off`;
  }
  return {
    history: Number(history),
    withEvents: events === 'on',
    wantsStatus: recovery === 'status',
  };
}

function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
