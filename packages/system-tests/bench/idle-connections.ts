import { setTimeout as delay } from 'node:timers/promises';
import { residentKb } from '../src/process-usage.ts';
import type { Stage } from '../src/stage.ts';
import { mintTokens } from './mint-tokens.ts';
import { startReceivers } from './receiver-process.ts';
import type { Row } from './table.ts';

const connections = 5_000;
/** Few, so that memory they leave behind doesn't hide what the others take. */
const warmUp = 200;
/** For the garbage of the handshakes to go, as far as V8 sees a reason. */
const settleMs = 10_000;

/** Memory of one gateway with 5,000 connections that do nothing. */
export async function benchIdleConnections(stage: Stage): Promise<readonly Row[]> {
  const gateway = stage.gateway(0);
  const room = await stage.api.createRoom();
  const receivers = startReceivers();
  const open = async (count: number) => {
    const { tokens } = await mintTokens(stage.api, room, count);
    const start = performance.now();
    const report = await receivers.ask({ kind: 'open', url: gateway.url, tokens });
    return { open: report.open, perSecond: (count * 1000) / (performance.now() - start) };
  };
  await open(warmUp);
  await receivers.ask({ kind: 'close' });
  await delay(settleMs);
  const beforeKb = residentKb(gateway.pid);
  const opened = await open(connections);
  await delay(settleMs);
  const afterKb = residentKb(gateway.pid);
  await receivers.stop();
  return [
    ['idle connections on one gateway', `${opened.open}`],
    ['KB of RSS per idle connection', ((afterKb - beforeKb) / opened.open).toFixed(2)],
    ['RSS of the gateway before / with them, MB', `${mb(beforeKb)} / ${mb(afterKb)}`],
    ['handshakes a second (one client process)', `${Math.round(opened.perSecond)}`],
  ];
}

const mb = (kb: number): string => (kb / 1024).toFixed(1);
