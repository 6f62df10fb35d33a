/** The members of one open object; a list has none. */
type Open = { readonly names: Set<string> | undefined; isNameNext: boolean };

const token = /"(?:[^"\\]|\\.)*"|[{}[\],]/gs;

/**
 * The name of a member that its object has twice; undefined when there is none. `json` is known to be JSON. JSON.parse
 * keeps the last of the two silently: of a condition that is written twice, one would not be enforced.
 */
export function duplicateMember(json: string): string | undefined {
  const open: Open[] = [];
  for (const [piece] of json.matchAll(token)) {
    const current = open.at(-1);
    if (piece === '{') open.push({ names: new Set(), isNameNext: true });
    else if (piece === '[') open.push({ names: undefined, isNameNext: false });
    else if (piece === '}' || piece === ']') open.pop();
    else if (current?.names === undefined) continue;
    else if (piece === ',') current.isNameNext = true;
    else if (current.isNameNext) {
      const name = JSON.parse(piece) as string;
      if (current.names.has(name)) return name;
      current.names.add(name);
      current.isNameNext = false;
    }
  }
  return undefined;
}
