import { readFileSync } from 'node:fs';
import type { RedisClient } from '@roomstream/runtime/redis';
import { defineScript } from '@roomstream/runtime/script';

const keys = {
  open: '{roomstream}:cloudwatch',
  closed: '{roomstream}:cloudwatch:ended',
  claims: '{roomstream}:cloudwatch:claims',
  reporter: (process: string) => `{roomstream}:cloudwatch:reporter:${process}`,
} as const;

/** Periods that wait for CloudWatch at most: a day of minutes. */
const mostPeriods = 1_440;

/** For longer than a process tries to send a report again. */
const reporterMs = 3_600_000;

/** The counts of a period, claimed. */
export type Claimed = { readonly beganSecond: string; readonly json: string };

/** The scripts as functions, bound to one connection. */
export type Scripts = {
  /** Adds to the period that runs, once for each number. */
  report(process: string, number: number, connections: number | undefined, counts: Counts): Promise<void>;
  /** The oldest ended period that nobody sends, undefined when there is none; how many wait, and were given up lately. */
  claim(
    process: string,
    claimMs: number,
  ): Promise<{ readonly claimed: Claimed | undefined; readonly waiting: number; readonly gone: number }>;
  /** The period was sent. False when somebody else has claimed it meanwhile. */
  settle(process: string, beganSecond: string): Promise<boolean>;
};

/** Increments by count name. */
export type Counts = ReadonlyMap<string, number>;

/** Registers the scripts with a connection. `periodSeconds` is the same in every process. */
export function defineScripts(client: RedisClient, periodSeconds: number): Scripts {
  const folder = new URL('../../lua/', import.meta.url);
  const read = (file: string) => readFileSync(new URL(file, folder), 'utf8');
  const define = (name: string, file: string) =>
    defineScript(client, `cloudwatch:${name}`, `${read('periods.lua')}\n${read(file)}`);
  const report = define('report', 'report-counts-3.lua');
  const claim = define('claim', 'claim-period-3.lua');
  const settle = define('settle', 'settle-period-2.lua');
  return {
    report: async (process, number, connections, counts) => {
      await report(
        [keys.open, keys.closed, keys.reporter(process)],
        [periodSeconds, mostPeriods, number, reporterMs, process, connections ?? '', ...[...counts].flat()],
      );
    },
    claim: async (process, claimMs) => {
      const reply = await claim(
        [keys.open, keys.closed, keys.claims],
        [periodSeconds, mostPeriods, process, claimMs],
      );
      const [gone, waiting, beganSecond, json] = reply as [number, number, string, string];
      const claimed = beganSecond === '' ? undefined : { beganSecond, json };
      return { claimed, waiting, gone };
    },
    settle: async (process, beganSecond) =>
      (await settle([keys.closed, keys.claims], [beganSecond, process])) === 1,
  };
}
