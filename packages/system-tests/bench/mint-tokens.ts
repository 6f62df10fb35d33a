import type { Api } from '../src/api.ts';

/** Tokens of one room, minted through the real API by 32 callers at a time; `perSecond` is what that reached. */
export async function mintTokens(
  api: Api,
  room: string,
  count: number,
): Promise<{ readonly tokens: string[]; readonly perSecond: number }> {
  const start = performance.now();
  const tokens: string[] = [];
  let next = 0;
  const lane = async () => {
    while (next < count) tokens.push(await api.token(room, `viewer-${next++}`));
  };
  await Promise.all(Array.from({ length: 32 }, lane));
  return { tokens, perSecond: (count * 1000) / (performance.now() - start) };
}
