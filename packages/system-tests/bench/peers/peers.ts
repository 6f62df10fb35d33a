import { centrifugo } from './centrifugo.ts';
import type { Peer } from './peer.ts';
import { rawUws } from './raw-uws.ts';
import { roomstream } from './roomstream.ts';
import { socketIo } from './socket-io.ts';

/** In the order of the table's columns. */
export const peers: readonly Peer[] = [roomstream, centrifugo, socketIo, rawUws];
