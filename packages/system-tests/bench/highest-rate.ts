import { setTimeout as delay } from 'node:timers/promises';
import type { Load } from './load.ts';
import { type Figure, faultsOf, figuresOf, type Measured, measure } from './measure.ts';
import type { RunningPeer } from './peers/peer.ts';

const stepSeconds = 5;
const mostP99Ms = 250;
const growth = 1.5;
/** Between the last rate that held and the first that didn't. */
const refinements = 2;
const mostSteps = 24;
const mostSettles = 60;
/** Of the highest rate that held for a step: what is then asked for longer. */
const heldPart = 0.9;

/** What is searched, and with what. */
export type Search = {
  readonly peer: RunningPeer;
  readonly load: Load;
  readonly deliveriesPerMessage: number;
  /** Deliveries per second of the first step. */
  readonly startPerSecond: number;
  /** How long nine tenths of the highest rate are held in the end. */
  readonly seconds: number;
};

/**
 * The highest rate that holds for some seconds with nothing missing and p99 below 250 ms: up (or, where the first is
 * too much, down) by halves, then between the last two; and nine tenths of it for longer.
 */
export async function highestRate(search: Search): Promise<readonly Figure[]> {
  const { best, rate, why, isUsable } = await climb(search);
  if (best === undefined) return [['highest rate: deliveries/s', `none (${why})`]];
  const figures = [...figuresOf('highest rate', best), ['highest rate: what ended it', why] as const];
  if (!isUsable) return figures;
  const held = await runAt(search, rate * heldPart, search.seconds);
  return [...figures, ...figuresOf(`90 % of it for ${search.seconds} s`, held)];
}

async function climb(search: Search) {
  let best: Measured | undefined;
  let [low, high] = [0, Number.POSITIVE_INFINITY];
  let why = 'the search was over';
  let isUsable = true;
  let isSecondTry = false;
  let rate = search.startPerSecond;
  for (let step = 0, refined = 0; step < mostSteps && refined <= refinements && isUsable; step++) {
    const measured = await runAt(search, rate, stepSeconds);
    const fault = shortfall(measured);
    process.stderr.write(`    ${Math.round(rate)}/s: ${fault ?? 'holds'}\n`);
    if (fault !== undefined) {
      why = `at ${Math.round(rate)}/s: ${fault}`;
      isUsable = await recover(search.load);
    }
    // One slow moment of the machine spoils a step, so each has two tries.
    isSecondTry = fault !== undefined && !isSecondTry;
    if (isSecondTry) continue;
    if (fault === undefined) [low, best] = [rate, measured];
    else high = rate;
    if (low > 0 && high < Number.POSITIVE_INFINITY) refined++;
    rate = nextRate(low, high);
  }
  return { best, rate: low, why, isUsable };
}

function runAt(
  { peer, load, deliveriesPerMessage }: Search,
  rate: number,
  seconds: number,
): Promise<Measured> {
  return measure(peer, load, { seconds, rates: [rate / deliveriesPerMessage] });
}

function nextRate(low: number, high: number): number {
  if (high === Number.POSITIVE_INFINITY) return low * growth;
  return low === 0 ? high / growth : (low + high) / 2;
}

/** Why a rate doesn't hold; undefined when it does. */
function shortfall({ report }: Measured): string | undefined {
  const faults = faultsOf(report);
  const p99 = report.latencyMs[0]?.p99 ?? 0;
  if (faults === 'none' && p99 < mostP99Ms) return undefined;
  return `${faults === 'none' ? '' : `${faults}, `}p99 ${Math.round(p99)} ms`;
}

/** Waits until nothing of an overload comes any more, and opens what was cut; false when that can't be had. */
async function recover(load: Load): Promise<boolean> {
  for (let tries = 0; tries < mostSettles; tries++) {
    const { frames } = await load.generator.run({ seconds: 0.5, waitSeconds: 0, rates: [0] });
    if (frames === 0) break;
    await delay(100);
  }
  try {
    await load.open();
    return true;
  } catch (error) {
    process.stderr.write(`    ${(error as Error).message}\n`);
    return false;
  }
}
