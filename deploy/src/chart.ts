import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { helmProgram } from '@roomstream/testing/helm';
import { repositoryRoot } from '@roomstream/testing/repository-root';
import { parseAllDocuments } from 'yaml';

const run = promisify(execFile);

/** The chart's folder. */
export const chartFolder = join(repositoryRoot(), 'deploy', 'helm', 'roomstream');

/** The Kubernetes that it is rendered for. */
export const kubernetesVersion = '1.33.0';

/** An object of Kubernetes, as far as tests read it. */
export type Manifest = {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  // biome-ignore lint/suspicious/noExplicitAny: what stands in a spec depends on the kind.
  readonly spec: any;
};

/** Calls helm; rejects with what it says. */
export async function helm(...args: readonly string[]): Promise<string> {
  const { stdout } = await run(await helmProgram(), [...args, '--kube-version', kubernetesVersion], {
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout;
}

/** What `helm template` makes with the arguments: `--values`, `--set`. */
export async function render(...args: readonly string[]): Promise<readonly Manifest[]> {
  const text = await helm('template', 'release', chartFolder, '--namespace', 'chat', ...args);
  return parseAllDocuments(text, { merge: true }).flatMap((document) => {
    const manifest = document.toJS() as Manifest | null;
    return manifest === null ? [] : [manifest];
  });
}

/** The arguments for one of the chart's examples. */
export const example = (name: string): readonly string[] => [
  '--values',
  join(chartFolder, 'ci', `${name}-values.yaml`),
];
