import { spreadText } from '../src/quantiles.ts';
import { runRollingUpdate } from '../src/rolling-update.ts';
import type { Row } from './table.ts';

const users = 3_000;
const perSecond = 200;

/** 3,000 unmodified official clients over three gateways that are replaced one after the other. */
export async function benchRollingUpdate(): Promise<readonly Row[]> {
  const {
    stops,
    absencesMs,
    messages,
    owed,
    missing,
    doubled,
    misordered,
    strays,
    gaveUp,
    returnedMs,
    stories,
  } = await runRollingUpdate({
    users,
    rooms: 30,
    processes: 4,
    gateways: 3,
    rate: 30,
    drainPerSecond: perSecond,
  });
  return [
    ['clients, sent away per second at most', `${users}, ${perSecond}`],
    ['messages, owed to all clients together', `${messages}, ${owed}`],
    ['missing, doubled, out of order, strayed', `${missing}, ${doubled}, ${misordered}, ${strays}`],
    ['returns, clients that gave up', `${returnedMs.length}, ${gaveUp.length}`],
    ['absence of a client, ms: p50 / p99 / longest', spreadText(absencesMs)],
    ['stops of the gateways, s', stops.map(({ tookMs }) => (tookMs / 1000).toFixed(1)).join(', ')],
    ...stories.slice(0, 5).map((story): Row => ['for example', story]),
  ];
}
