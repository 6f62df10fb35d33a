/** What all values share for which there is no place. */
const otherLabel = 'other';

/**
 * Bounds the values of a metric's label that users choose: the first `most` keep their own, the rest are `other`. Without
 * a bound an account could fill the memory of whoever collects.
 */
export function boundedLabels(most: number): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= most) return otherLabel;
    known.add(value);
    return value;
  };
}
