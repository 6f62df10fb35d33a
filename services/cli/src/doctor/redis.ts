import { tryFor } from '@roomstream/runtime/backoff';
import { connectRedis, type RedisAccess, type RedisClient } from '@roomstream/runtime/redis';
import { Cluster } from 'ioredis';
import { silent } from '../redis-access.ts';
import { explain } from './explain.ts';
import { type Finding, fault, ok, warning } from './finding.ts';

/** A Redis to examine. */
export type RedisPatient = {
  /** `Redis of streams`. */
  readonly about: string;
  /** The setting that names it. */
  readonly setting: string;
  readonly access: RedisAccess;
  /** Begins the keys at which rights are tried: part of the names that Roomstream uses there. */
  readonly scratch: string;
  /** What else to look at once it answers. */
  readonly further: (client: RedisClient) => Promise<readonly Finding[]>;
};

const patienceMs = 4_000;
const leastVersion = 7;
/** Part of the memory from which on it is worth a word. */
const fullShare = 0.9;
const skewWorthAWordMs = 1_000;
const skewThatBreaksMs = 60_000;

/** What came of it, and whether it can be read at all. */
export type Examined = { readonly findings: readonly Finding[]; readonly answers: boolean };

/** Tries a Redis: connection, version, durability, memory, rights, clock. */
export async function examineRedis(patient: RedisPatient): Promise<Examined> {
  const { about, access } = patient;
  const client = connectRedis(access, 'doctor', silent);
  let last: unknown;
  client.on('error', (error: unknown) => {
    last = error;
  });
  try {
    try {
      await tryFor(patienceMs, () => client.ping());
    } catch (error) {
      return { findings: [unreachable(patient, last ?? error)], answers: false };
    }
    const masters = client instanceof Cluster ? client.nodes('master') : [client];
    const findings: Finding[] = [];
    for (const master of masters) {
      const name =
        masters.length === 1 ? about : `${about}, master ${master.options.host}:${master.options.port}`;
      findings.push(...examineServer(name, await master.info()));
    }
    findings.push(...(await examineClock(about, client)), ...(await examineRights(patient, client)));
    findings.push(...(await patient.further(client)));
    return { findings, answers: true };
  } catch (error) {
    return { findings: [unreachable(patient, error)], answers: false };
  } finally {
    client.disconnect();
  }
}

function unreachable({ about, setting }: RedisPatient, error: unknown): Finding {
  const message = error instanceof Error ? error.message : `${error}`;
  if (/WRONGPASS|NOAUTH|invalid password/i.test(message))
    return fault(about, 'user or password is wrong, or missing', `mend them in ${setting}`);
  if (/NOPERM/.test(message))
    return fault(about, `its user may not do what is needed: ${message}`, 'allow it with ACL SETUSER');
  const explained = explain(error, '');
  return fault(about, `it can’t be used: ${explained.says}`, `${explained.remedy} (${setting})`);
}

/** What INFO tells; CONFIG is refused by many hosted ones. */
function examineServer(about: string, info: string): Finding[] {
  const of = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  const valkey = of('valkey_version');
  const version = valkey === '' ? of('redis_version') : valkey;
  const findings: Finding[] = [];
  const name = valkey === '' ? 'Redis' : 'Valkey';
  if (Number.parseInt(of('redis_version'), 10) < leastVersion)
    findings.push(
      fault(about, `it is ${name} ${version}`, 'Roomstream needs Redis 7 or later, or Valkey: update it'),
    );
  else findings.push(ok(about, `${name} ${version}`));
  if (of('role') !== 'master')
    findings.push(
      fault(about, 'it is a replica', 'name its master, or use redis-sentinel:// or redis-cluster://'),
    );
  if (of('aof_enabled') !== '1')
    findings.push(
      fault(
        about,
        'appendonly is off: its restart loses rooms and messages',
        'set `appendonly yes` (`CONFIG SET appendonly yes`, and in redis.conf)',
      ),
    );
  else if (of('aof_last_write_status') === 'err')
    findings.push(fault(about, 'its append-only file can’t be written', 'look at its disk and log'));
  const policy = of('maxmemory_policy');
  if (policy !== 'noeviction')
    findings.push(
      fault(
        about,
        `maxmemory-policy is ${policy}: it would throw away rooms and messages when memory is full`,
        'set `maxmemory-policy noeviction`',
      ),
    );
  const [used, most] = [Number(of('used_memory')), Number(of('maxmemory'))];
  if (most > 0 && used > most * fullShare)
    findings.push(
      warning(
        about,
        `its memory is ${Math.round((used / most) * 100)} % full: at 100 % messages are refused`,
        'raise maxmemory, or see `roomstream streams` for what fills it',
      ),
    );
  return findings;
}

async function examineClock(about: string, client: RedisClient): Promise<Finding[]> {
  const sentMs = Date.now();
  const [seconds, microseconds] = await client.time();
  const roundTripMs = Date.now() - sentMs;
  const skewMs = Number(seconds) * 1000 + Number(microseconds) / 1000 - (sentMs + roundTripMs / 2);
  const off = Math.abs(skewMs) - roundTripMs;
  if (off < skewWorthAWordMs) return [ok(about, 'its clock and this machine’s agree')];
  const says = `its clock is ${(Math.abs(skewMs) / 1000).toFixed(1)} s ${skewMs > 0 ? 'ahead of' : 'behind'} this machine’s`;
  const remedy =
    'let both follow NTP: signatures are judged by this machine’s clock, tokens and rates by that of Redis';
  return [off < skewThatBreaksMs ? warning(about, says, remedy) : fault(about, says, remedy)];
}

/** Commands of each kind that Roomstream uses, at keys that nothing else has and that are gone afterwards. */
async function examineRights({ about, scratch }: RedisPatient, client: RedisClient): Promise<Finding[]> {
  const key = (what: string) => `${scratch}doctor-${process.pid}-${what}`;
  const tries: readonly (() => Promise<unknown>)[] = [
    () => client.set(key('string'), '1', 'PX', 10_000),
    () => client.hset(key('hash'), 'a', '1'),
    () => client.zadd(key('zset'), 1, 'a'),
    () => client.sadd(key('set'), 'a'),
    () => client.xadd(key('stream'), '*', 'a', '1'),
    () => client.xgroup('CREATE', key('stream'), 'doctor', '0', 'MKSTREAM'),
    () => client.xreadgroup('GROUP', 'doctor', 'one', 'COUNT', 1, 'STREAMS', key('stream'), '>'),
    () => client.xrange(key('stream'), '-', '+', 'COUNT', 1),
    () => client.xtrim(key('stream'), 'MAXLEN', 0),
    () => client.eval("return redis.call('TIME')", 1, key('string')),
    () => client.spublish(`${scratch}doctor`, ''),
    () => client.info('server'),
  ];
  const denied: string[] = [];
  for (const attempt of tries) {
    try {
      await attempt();
    } catch (error) {
      const { message } = error as Error;
      if (!/NOPERM/.test(message)) throw error;
      denied.push(message.replace(/^NOPERM /, ''));
    }
  }
  for (const what of ['string', 'hash', 'zset', 'set', 'stream']) {
    await client.del(key(what)).catch((error: Error) => denied.push(error.message.replace(/^NOPERM /, '')));
  }
  if (denied.length === 0) return [ok(about, 'its user has the rights that are needed')];
  return [
    fault(
      about,
      `its user lacks rights: ${[...new Set(denied)].join('; ')}`,
      'allow them with ACL SETUSER: `~* &* +@all -@admin -@dangerous +info` is enough',
    ),
  ];
}
