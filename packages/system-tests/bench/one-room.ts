import { setTimeout as delay } from 'node:timers/promises';
import { openFrameSocket } from '../src/frame-socket.ts';
import { cpuSeconds } from '../src/process-usage.ts';
import type { Stage } from '../src/stage.ts';
import { mintTokens } from './mint-tokens.ts';
import { type ReceiverProcess, startReceivers } from './receiver-process.ts';
import type { Report } from './receivers.ts';
import type { Row } from './table.ts';

const connections = 1_000;
const messagesPerSecond = 20;
const senders = 4;
const warmUpSeconds = 5;
const seconds = 20;

/** One room of 1,000 connections over two gateways at 20 messages a second: what a delivery costs and takes. */
export async function benchOneRoom(stage: Stage): Promise<readonly Row[]> {
  const room = await stage.api.createRoom({ maximumMessageRatePerSecond: 100 });
  const receivers = startReceivers();
  const { tokens, perSecond } = await mintTokens(stage.api, room, connections);
  const half = connections / 2;
  await receivers.ask({ kind: 'open', url: stage.url(0), tokens: tokens.slice(0, half) });
  await receivers.ask({ kind: 'open', url: stage.url(1), tokens: tokens.slice(half) });
  const speak = await openSenders(stage, room);
  await arrival(receivers, (await speakFor(speak, warmUpSeconds)) * connections);
  await receivers.ask({ kind: 'reset' });
  const gatewayPids = stage.fleet.gateways.map((gateway) => gateway.pid);
  const used = () => gatewayPids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const [gatewaysBefore, receiversBefore] = [used(), cpuSeconds(receivers.pid)];
  const sent = await speakFor(speak, seconds);
  const report = await arrival(receivers, sent * connections);
  const gatewaysCpu = used() - gatewaysBefore;
  const receiversCpu = cpuSeconds(receivers.pid) - receiversBefore;
  await receivers.stop();
  const missing = sent * connections - report.received;
  return [
    ['one room, connections over two gateways', `${connections}`],
    ['messages a second', (sent / seconds).toFixed(1)],
    ['bytes in a frame', `${report.frameBytes}`],
    ['deliveries (missing)', `${report.received} (${missing})`],
    ['deliveries per gateway CPU-second', `${Math.round(report.received / gatewaysCpu)}`],
    ['gateway CPU-seconds (receivers’ own)', `${gatewaysCpu.toFixed(2)} (${receiversCpu.toFixed(2)})`],
    ['latency p50 / p99, ms', `${report.p50Ms.toFixed(2)} / ${report.p99Ms.toFixed(2)}`],
    ['CreateChatToken a second through the AWS SDK', `${Math.round(perSecond)}`],
  ];
}

/** Waits for the last frames, a few seconds at most: what hasn't come by then is counted as missing. */
async function arrival(receivers: ReceiverProcess, expected: number): Promise<Report> {
  for (let tries = 0; ; tries++) {
    await delay(500);
    const report = await receivers.ask({ kind: 'report' });
    if (report.received >= expected || tries === 10) return report;
  }
}

/** Opens the senders; each call of the result sends one message from the next of them. */
async function openSenders(stage: Stage, room: string): Promise<() => void> {
  const sockets = await Promise.all(
    Array.from({ length: senders }, async (_, n) =>
      openFrameSocket(stage.url(n % 2), await stage.api.token(room, `sender-${n}`)),
    ),
  );
  let turn = 0;
  return () => {
    const Attributes = { sentNs: `${process.hrtime.bigint()}` };
    const Content = 'a message of ordinary length, as people write them in a chat beside a live stream';
    sockets[turn++ % senders]?.sendText(JSON.stringify({ Action: 'SEND_MESSAGE', Content, Attributes }));
  };
}

/** Sends at the rate for some seconds; resolves with the number of messages sent. */
function speakFor(speak: () => void, durationSeconds: number): Promise<number> {
  const most = durationSeconds * messagesPerSecond;
  let sent = 0;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      speak();
      if (++sent < most) return;
      clearInterval(timer);
      resolve(sent);
    }, 1000 / messagesPerSecond);
  });
}
