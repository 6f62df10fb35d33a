import { goProgram } from './go-program.ts';

/** The k6 that load tests are tested with. */
export const k6Version = 'v1.8.1';

/** The path of k6; building it takes minutes. */
export function k6Program(): Promise<string> {
  return goProgram({ name: 'k6', package: 'go.k6.io/k6', version: k6Version });
}
