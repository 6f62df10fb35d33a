/** What one account has instead of the preset. */
export type QuotaOverrides = Readonly<Record<string, number | boolean>>;

/**
 * Reads the accounts file: `{"accounts":{"<12 digits>":{"quotas":{"<name>":<number> or "unlimited"},"isPendingVerification":<boolean>}}}`.
 * Throws an Error that names every fault: a quota that was mistyped must not silently be the default one.
 */
export function parseOverrides(
  text: string,
  known: Readonly<Record<string, number>>,
  finite: readonly string[],
): ReadonlyMap<string, QuotaOverrides> {
  const faults: string[] = [];
  const file = members(JSON.parse(text), 'the file', faults);
  only(file, ['accounts'], 'the file', faults);
  const result = new Map<string, QuotaOverrides>();
  for (const [account, entry] of Object.entries(members(file['accounts'], 'accounts', faults))) {
    if (!/^[0-9]{12}$/.test(account)) faults.push(`account ${JSON.stringify(account)} is not 12 digits`);
    const fields = members(entry, account, faults);
    only(fields, ['quotas', 'isPendingVerification'], account, faults);
    const overrides: Record<string, number | boolean> = {};
    const { isPendingVerification = false } = fields;
    if (isPendingVerification === true) overrides['isPendingVerification'] = true;
    else if (isPendingVerification !== false)
      faults.push(`${account}: isPendingVerification must be true or false`);
    for (const [name, value] of Object.entries(
      members(fields['quotas'] ?? {}, `${account}: quotas`, faults),
    )) {
      if (!Object.hasOwn(known, name)) faults.push(`${account}: there is no quota ${JSON.stringify(name)}`);
      else if (!isQuota(value, finite.includes(name))) {
        const or = finite.includes(name) ? ' above 0' : ' or "unlimited"';
        faults.push(`${account}: ${name} must be a whole number${or}, got ${JSON.stringify(value)}`);
      } else overrides[name] = value === 'unlimited' ? Number.POSITIVE_INFINITY : value;
    }
    result.set(account, overrides);
  }
  if (faults.length > 0) throw new Error(faults.join('; '));
  return result;
}

function isQuota(value: unknown, mustBeFinite: boolean): value is number | 'unlimited' {
  if (value === 'unlimited') return !mustBeFinite;
  return Number.isSafeInteger(value) && (value as number) >= (mustBeFinite ? 1 : 0);
}

function members(value: unknown, what: string, faults: string[]): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  faults.push(`${what} must be an object`);
  return {};
}

function only(value: object, names: readonly string[], what: string, faults: string[]): void {
  for (const name of Object.keys(value)) {
    if (!names.includes(name)) faults.push(`${what} has ${JSON.stringify(name)}, which means nothing`);
  }
}
