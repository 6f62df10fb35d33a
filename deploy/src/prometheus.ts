import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@roomstream/testing/eventually';
import { freePort } from '@roomstream/testing/free-port';
import { stringify } from 'yaml';

/** What Prometheus reads, each as a pod of a namespace `chat`. */
export type Target = { readonly job: string; readonly adminUrl: string };

/** A Prometheus on loopback that reads its targets twice a second. */
export type Prometheus = {
  /** Answers of its API at `/api/v1/<path>`; rejects with its error. */
  api<T>(path: string, parameters?: Readonly<Record<string, string>>): Promise<T>;
  stop(): Promise<void>;
};

/** Starts it. Rejects with what it wrote when it doesn't take its configuration. */
export async function startPrometheus(targets: readonly Target[], rulesFile: string): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'roomstream-prometheus-'));
  const port = await freePort();
  const config = {
    global: { scrape_interval: '500ms', scrape_timeout: '500ms', evaluation_interval: '1s' },
    rule_files: [rulesFile],
    scrape_configs: targets.map(({ job, adminUrl }) => ({
      job_name: job,
      static_configs: [{ targets: [new URL(adminUrl).host], labels: { namespace: 'chat', pod: `${job}-0` } }],
    })),
  };
  writeFileSync(join(folder, 'prometheus.yml'), stringify(config));
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-4_000);
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const url = `http://127.0.0.1:${port}`;
  await eventually(async () => {
    if (child.exitCode !== null) return true;
    return (await fetch(`${url}/-/ready`)).ok;
  }, 60_000);
  if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}:\n${output}`);
  return {
    api: async <T>(path: string, parameters: Readonly<Record<string, string>> = {}) => {
      const answer = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
      const { data, error } = (await answer.json()) as { data: T; error?: string };
      if (error !== undefined) throw new Error(error);
      return data;
    },
    stop: async () => {
      process.off('exit', end);
      end();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
