import { setTimeout as delay } from 'node:timers/promises';
import { openFrameSocket } from '../src/frame-socket.ts';
import { cpuSeconds } from '../src/process-usage.ts';
import type { Stage } from '../src/stage.ts';
import { mintTokens } from './mint-tokens.ts';
import { type ReceiverProcess, startReceivers } from './receiver-process.ts';
import type { Report } from './receivers.ts';
import type { Row } from './table.ts';

const connections = 1_000;
/** So many of them live in a process of their own, whose latency isn't that of reading a thousand sockets one by one. */
const probes = 20;
const messagesPerSecond = 20;
const senders = 4;
const warmUpSeconds = 5;
const seconds = 20;

/** One room of 1,000 connections over two gateways at 20 messages a second: what a delivery costs and takes. */
export async function benchOneRoom(stage: Stage): Promise<readonly Row[]> {
  const room = await stage.api.createRoom({ maximumMessageRatePerSecond: 100 });
  const receivers = startReceivers();
  const { tokens, perSecond } = await mintTokens(stage.api, room, connections);
  const probe = startReceivers();
  // The probes stand in the middle of each gateway's connections, so that they see the average of a fan-out.
  const open = async (who: ReceiverProcess, gateway: number, count: number) =>
    who.ask({ kind: 'open', url: stage.url(gateway), tokens: tokens.splice(0, count) });
  const quarter = (connections - probes) / 4;
  for (const gateway of [0, 1]) {
    await open(receivers, gateway, quarter);
    await open(probe, gateway, probes / 2);
    await open(receivers, gateway, quarter);
  }
  const speak = await openSenders(stage, room);
  await arrival(receivers, (await speakFor(speak, warmUpSeconds)) * (connections - probes));
  for (const who of [receivers, probe]) await who.ask({ kind: 'reset' });
  const gatewayPids = stage.fleet.gateways.map((gateway) => gateway.pid);
  const used = () => gatewayPids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const [gatewaysBefore, receiversBefore] = [used(), cpuSeconds(receivers.pid)];
  const sent = await speakFor(speak, seconds);
  const report = await arrival(receivers, sent * (connections - probes));
  const probed = await arrival(probe, sent * probes);
  const gatewaysCpu = used() - gatewaysBefore;
  const receiversCpu = cpuSeconds(receivers.pid) - receiversBefore;
  await Promise.all([receivers.stop(), probe.stop()]);
  const received = report.received + probed.received;
  const missing = sent * connections - received;
  return [
    ['one room, connections over two gateways', `${connections}`],
    ['messages a second', (sent / seconds).toFixed(1)],
    ['bytes in a frame', `${report.frameBytes}`],
    ['deliveries (missing)', `${received} (${missing})`],
    ['deliveries per gateway CPU-second', `${Math.round(received / gatewaysCpu)}`],
    ['gateway CPU-seconds (receivers’ own)', `${gatewaysCpu.toFixed(2)} (${receiversCpu.toFixed(2)})`],
    ['latency p50 / p99, ms', latency(probed)],
    ['the same at one process that reads the other 980', latency(report)],
    ['CreateChatToken a second through the AWS SDK', `${Math.round(perSecond)}`],
  ];
}

const latency = ({ p50Ms, p99Ms }: Report): string => `${p50Ms.toFixed(2)} / ${p99Ms.toFixed(2)}`;

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
