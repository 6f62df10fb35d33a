import { presetQuotas } from '../src/quotas.ts';
import { openTestStore } from './fixture.ts';

/**
 * A gateway as a process of its own: `slot-holder <url> <account> <quota> <tries>` takes slots, prints how many it got
 * and holds them until it is killed.
 */
const [url = '', account = '', quota = '0', tries = '0'] = process.argv.slice(2);
const quotas = { ...presetQuotas('ivs'), connections: Number(quota) };
const store = await openTestStore(url, { of: () => quotas });
const slots = store.connectionSlots(`process-${process.pid}`);
let granted = 0;
for (let i = 0; i < Number(tries); i++) if (await slots.acquire(account)) granted++;
process.stdout.write(`${granted}\n`);
setInterval(() => undefined, 60_000);
