/** Calls `act` with 0 to `count` - 1, some at once; resolves with the results in their order. */
export async function inLanes<T>(
  count: number,
  atOnce: number,
  act: (n: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const n = next++;
      results[n] = await act(n);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}
