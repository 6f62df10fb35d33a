/** A run of any characters, also none: `*`. */
export const anyRun = Symbol('*');
/** Any one character: `?`. */
export const anyOne = Symbol('?');

/** A pattern: characters (code points) and wildcards. */
export type Glob = readonly (string | typeof anyRun | typeof anyOne)[];

/** Whether a text matches. */
export type TextTest = (text: string) => boolean;

/**
 * Compiles a pattern for whole texts. Not by a regular expression: the texts are the callers', and a pattern with
 * several stars would backtrack for as long as they please; this is at worst the product of both lengths.
 */
export function compileGlob(glob: Glob): TextTest {
  const wildcard = glob.findIndex((piece) => typeof piece !== 'string');
  const prefix = glob.slice(0, wildcard === -1 ? glob.length : wildcard).join('');
  if (wildcard === -1) return (text) => text === prefix;
  if (wildcard === glob.length - 1 && glob[wildcard] === anyRun) return (text) => text.startsWith(prefix);
  return (text) => matches(glob, Array.from(text));
}

/** Greedy: on a mismatch only the last star takes one character more. */
function matches(glob: Glob, characters: readonly string[]): boolean {
  let piece = 0;
  let at = 0;
  let lastRun = -1;
  let resumeAt = 0;
  while (at < characters.length) {
    if (glob[piece] === anyRun) {
      lastRun = piece++;
      resumeAt = at;
    } else if (piece < glob.length && (glob[piece] === anyOne || glob[piece] === characters[at])) {
      piece++;
      at++;
    } else if (lastRun !== -1) {
      piece = lastRun + 1;
      at = ++resumeAt;
    } else {
      return false;
    }
  }
  return glob.slice(piece).every((rest) => rest === anyRun);
}
