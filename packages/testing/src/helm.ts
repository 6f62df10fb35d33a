import { goProgram } from './go-program.ts';

/** The path of helm; building it takes minutes. */
export function helmProgram(): Promise<string> {
  return goProgram({ name: 'helm', package: 'helm.sh/helm/v3/cmd/helm', version: 'v3.19.0' });
}
