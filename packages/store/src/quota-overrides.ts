import { type WhenFull, whenFullWords } from './log-targets.ts';

/** What one account has instead of the preset. */
export type AccountOverrides = {
  readonly quotas: Readonly<Record<string, number>>;
  readonly isPendingVerification: boolean;
  /** By id of the logging configuration. */
  readonly logsWhenFull: Readonly<Record<string, WhenFull>>;
};

/** What a quota may be that is never unlimited; both included. */
export type Bounds = { readonly least: number; readonly most?: number };

/** Quotas that are never unlimited, by name. */
type FiniteQuotas = Readonly<Record<string, Bounds | undefined>>;

/**
 * Reads the accounts file:
 * `{"accounts":{"<12 digits>":{"quotas":{"<name>":<number> or "unlimited"},"isPendingVerification":<boolean>,"loggingConfigurations":{"<id>":{"whenFull":"block" or "drop-oldest"}}}}}`.
 * Throws an Error that names every fault: a quota that was mistyped must not silently be the default one.
 */
export function parseOverrides(
  text: string,
  known: Readonly<Record<string, number>>,
  finite: FiniteQuotas,
): ReadonlyMap<string, AccountOverrides> {
  const faults: string[] = [];
  const file = members(JSON.parse(text), 'the file', faults);
  only(file, ['accounts'], 'the file', faults);
  const result = new Map<string, AccountOverrides>();
  for (const [account, entry] of Object.entries(members(file['accounts'], 'accounts', faults))) {
    if (!/^[0-9]{12}$/.test(account)) faults.push(`account ${JSON.stringify(account)} is not 12 digits`);
    const fields = members(entry, account, faults);
    only(fields, ['quotas', 'isPendingVerification', 'loggingConfigurations'], account, faults);
    const { quotas = {}, isPendingVerification = false, loggingConfigurations = {} } = fields;
    if (typeof isPendingVerification !== 'boolean')
      faults.push(`${account}: isPendingVerification must be true or false`);
    result.set(account, {
      quotas: parseQuotas(quotas, account, known, finite, faults),
      isPendingVerification: isPendingVerification === true,
      logsWhenFull: parseLogsWhenFull(loggingConfigurations, account, faults),
    });
  }
  if (faults.length > 0) throw new Error(faults.join('; '));
  return result;
}

function parseQuotas(
  value: unknown,
  account: string,
  known: Readonly<Record<string, number>>,
  finite: FiniteQuotas,
  faults: string[],
): Readonly<Record<string, number>> {
  const quotas: Record<string, number> = {};
  for (const [name, quota] of Object.entries(members(value, `${account}: quotas`, faults))) {
    if (!Object.hasOwn(known, name)) faults.push(`${account}: there is no quota ${JSON.stringify(name)}`);
    else if (!isQuota(quota, finite[name])) {
      faults.push(`${account}: ${name} must be ${wantedOf(finite[name])}, got ${JSON.stringify(quota)}`);
    } else quotas[name] = quota === 'unlimited' ? Number.POSITIVE_INFINITY : quota;
  }
  return quotas;
}

function parseLogsWhenFull(
  value: unknown,
  account: string,
  faults: string[],
): Readonly<Record<string, WhenFull>> {
  const configurations: Record<string, WhenFull> = {};
  const what = `${account}: loggingConfigurations`;
  for (const [id, entry] of Object.entries(members(value, what, faults))) {
    const where = `${account}: logging configuration ${JSON.stringify(id)}`;
    // The last part of its ARN: with the whole ARN here nothing would ever be found.
    if (!/^[0-9A-Za-z]{12}$/.test(id)) faults.push(`${where} is not an id of 12 letters and digits`);
    const fields = members(entry, where, faults);
    only(fields, ['whenFull'], where, faults);
    const whenFull = whenFullWords.find((word) => word === fields['whenFull']);
    if (whenFull === undefined) {
      const got = JSON.stringify(fields['whenFull']);
      faults.push(`${where}: whenFull must be "block" or "drop-oldest", got ${got}`);
    } else configurations[id] = whenFull;
  }
  return configurations;
}

function isQuota(value: unknown, bounds: Bounds | undefined): value is number | 'unlimited' {
  if (value === 'unlimited') return bounds === undefined;
  const { least, most = Number.POSITIVE_INFINITY } = bounds ?? { least: 0 };
  return Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
}

function wantedOf(bounds: Bounds | undefined): string {
  if (bounds === undefined) return 'a whole number or "unlimited"';
  const { least, most } = bounds;
  return most === undefined ? `a whole number from ${least} on` : `a whole number from ${least} to ${most}`;
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
