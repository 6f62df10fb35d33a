/** What of a connection is known beforehand: its room and its place in a file of tokens. */
export type Seat = { readonly index: number; readonly room: number };

/** How many connections of each kind a test holds at once. */
export type Crowd = {
  readonly rooms: number;
  /** In each room. */
  readonly chattersPerRoom: number;
  readonly moderators: number;
  readonly probes: number;
  readonly viewers: number;
};

/** Who sits in a seat. Guests come and go and are never the same; there is no end to their seats. */
export type Role = 'chatter' | 'moderator' | 'probe' | 'viewer' | 'guest';

/**
 * The seat of the n-th connection of a role (from 0), in its k-th life (from 0: how often it has come back). Virtual users
 * share no counter, so that each token of a file is used once follows from the numbers alone. Seats of a room lie `rooms`
 * apart, as `npm run tokens` deals them out. Where there are guests, nobody comes back.
 */
export function seatOf(crowd: Crowd, role: Role, n: number, life = 0): Seat {
  const index = firstOf(crowd, role) + n + life * seatCount(crowd);
  return { index, room: index % crowd.rooms };
}

/** Seats that are taken while nobody has come back and no guest is there: so many tokens are needed at least. */
export function seatCount(crowd: Crowd): number {
  return firstOf(crowd, 'guest');
}

function firstOf(crowd: Crowd, role: Role): number {
  const { rooms, chattersPerRoom, moderators, probes, viewers } = crowd;
  const counts = {
    chatter: rooms * chattersPerRoom,
    moderator: moderators,
    probe: probes,
    viewer: viewers,
    guest: 0,
  };
  let first = 0;
  for (const [name, count] of Object.entries(counts)) {
    if (name === role) break;
    first += Math.ceil(count / rooms) * rooms;
  }
  return first;
}
