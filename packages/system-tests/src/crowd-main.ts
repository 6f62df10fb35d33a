import { eventually } from '@roomstream/testing/eventually';
import type { CrowdOrder, CrowdReport, CrowdRequest } from './crowd-orders.ts';
import { eachOf } from './each-of.ts';
import { openLightApi } from './light-api.ts';
import { openRecoveryViewer, type RecoveryViewer } from './recovery-viewer.ts';

// One process of a crowd (crowd.ts): the first message is its order, each other one a request with a number.

/** Clients that connect at the same time; the crowd isn't to be a storm before it begins. */
const atOnce = 50;
const connectedWithinMs = 60_000;
const tickMs = 20;

process.once('message', (order: CrowdOrder) => {
  const api = openLightApi(order.controlPlane, order.signer);
  const viewers: RecoveryViewer[] = [];
  let timer: NodeJS.Timeout | undefined;
  const speak = (perSecond: number) => {
    clearInterval(timer);
    if (perSecond === 0) return;
    const begunMs = performance.now();
    let turns = 0;
    timer = setInterval(() => {
      const due = ((performance.now() - begunMs) / 1000) * perSecond;
      for (; turns < due; turns++) {
        for (let n = 0; n < viewers.length; n++) {
          if (viewers[(turns + n) % viewers.length]?.say(`message ${turns}`) === true) break;
        }
      }
    }, tickMs);
  };
  const answer = (request: CrowdRequest): unknown => {
    switch (request.ask) {
      case 'connected':
        return viewers.filter((viewer) => viewer.isConnected()).length;
      case 'speak':
        return speak(request.perSecond);
      case 'told':
        return viewers.filter(
          ({ roomIdentifier, ids }) => roomIdentifier === request.roomIdentifier && ids.includes(request.id),
        ).length;
      case 'report':
        return viewers.map(reportOf);
      default:
        return request satisfies never;
    }
  };
  process.on('message', ({ number, ...request }: CrowdRequest & { number: number }) => {
    process.send?.({ number, answer: answer(request) ?? null });
  });
  process.once('disconnect', () => process.exit(0));
  void eachOf(order.users, atOnce, async (user) => {
    // Expirations aren't handed to the client, so it gets a new token only for a new connection.
    const viewer = openRecoveryViewer(api, order.url, user, false);
    viewers.push(viewer);
    await eventually(() => viewer.isConnected(), connectedWithinMs);
  });
});

function reportOf(viewer: RecoveryViewer): CrowdReport {
  const { userId, roomIdentifier, ids, toldMs, gaveUp } = viewer;
  const atMs = (ms: number) => ms + performance.timeOrigin;
  return {
    userId,
    roomIdentifier,
    ids,
    gaveUp,
    toldMs: toldMs.map(atMs),
    connections: viewer.connections().map(({ openedMs, closedMs }) => ({
      openedMs: atMs(openedMs),
      closedMs: closedMs === undefined ? undefined : atMs(closedMs),
    })),
  };
}
