import { anyOne, anyRun, type Glob } from './glob.ts';

/** What a policy is compiled for. */
export type PolicyScope = {
  readonly user: string;
  /** Whether `${…}` is a variable: in version 2012-10-17 alone; before, it is plain text. */
  readonly hasVariables: boolean;
};

/** Receives what is wrong with a file: where (a path of members) and what. Never a secret. */
export type Report = (where: string, what: string) => void;

const character = /./gsu;
const characterOrVariable = /\$\{[^}]*\}?|./gsu;

/**
 * Reads a text of a policy. `*` and `?` are wildcards where `hasWildcards`; `${aws:username}` becomes the user's name,
 * and `${*}`, `${?}`, `${$}` are the plain characters. Undefined (and reported) when it uses another variable.
 */
export function readPolicyText(
  text: string,
  hasWildcards: boolean,
  scope: PolicyScope,
  where: string,
  report: Report,
): Glob | undefined {
  const glob: Glob[number][] = [];
  for (const [piece] of text.matchAll(scope.hasVariables ? characterOrVariable : character)) {
    if (piece.startsWith('${')) {
      const value = variable(piece, scope);
      if (value === undefined) {
        report(where, `the variable ${piece} is not supported; \${aws:username} is`);
        return undefined;
      }
      glob.push(...value);
    } else if (hasWildcards && piece === '*') glob.push(anyRun);
    else if (hasWildcards && piece === '?') glob.push(anyOne);
    else glob.push(piece);
  }
  return glob;
}

function variable(piece: string, scope: PolicyScope): string | undefined {
  const name = piece.endsWith('}') ? piece.slice(2, -1) : '';
  if (name.toLowerCase() === 'aws:username') return scope.user;
  return ['*', '?', '$'].includes(name) ? name : undefined;
}
