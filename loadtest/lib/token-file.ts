import { SharedArray } from 'k6/data';

/** One line of the file that `npm run tokens` writes. */
export type FiledToken = { readonly room: string; readonly userId: string; readonly token: string };

// k6 opens files in the init context alone, so the variable is read here.
const path = __ENV['TOKENS'] ?? '';

/** The tokens of the file, once in memory for all virtual users; empty when none is named. */
export const filedTokens: readonly FiledToken[] = new SharedArray('tokens', () =>
  path === '' ? [] : lines(open(path)),
);

/** The file's rooms: it deals them out in turn, so the first of them is where it begins again. */
export function roomsOfTokens(): readonly string[] {
  const rooms: string[] = [];
  for (const { room } of filedTokens) {
    if (rooms.includes(room)) break;
    rooms.push(room);
  }
  return rooms;
}

function lines(text: string): FiledToken[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as FiledToken);
}
