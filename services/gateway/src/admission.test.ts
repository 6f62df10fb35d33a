import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '@roomstream/testing/eventually';
import { Admission, type AdmissionBounds, type Job } from './admission.ts';

const bounds: AdmissionBounds = { perSecond: 100_000, mostUnderWay: 2, mostWaiting: 3, patienceMs: 60_000 };

/** A job that ends when it is told to, and notes what happened to it. */
function job(name: string, happened: string[]): Job & { end(): void; isGone: boolean } {
  let end: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    end = resolve;
  });
  return {
    isGone: false,
    run: () => {
      happened.push(`run ${name}`);
      return done;
    },
    refuse: () => void happened.push(`refuse ${name}`),
    end,
  };
}

test('handshakes run in their order, no more at once than allowed; a full queue refuses', async () => {
  const happened: string[] = [];
  const admission = new Admission(bounds);
  const jobs = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => job(name, happened));
  for (const one of jobs) admission.offer(one);
  assert.deepEqual(happened, ['run a', 'run b', 'refuse f']);
  assert.equal(admission.waiting, 3);
  for (const one of jobs) one.end();
  await admission.idle();
  assert.deepEqual(happened.slice(3), ['run c', 'run d', 'run e']);
});

test('a handshake that waited too long is refused, and one whose client has gone is passed over', async () => {
  const happened: string[] = [];
  const admission = new Admission({ ...bounds, mostUnderWay: 1, patienceMs: 0 });
  const late = job('late', happened);
  admission.offer(late);
  assert.deepEqual(happened, ['refuse late']);
  const patient = new Admission({ ...bounds, mostUnderWay: 1 });
  const [first, gone, last] = ['first', 'gone', 'last'].map((name) => job(name, happened));
  assert.ok(first !== undefined && gone !== undefined && last !== undefined);
  for (const one of [first, gone, last]) patient.offer(one);
  gone.isGone = true;
  first.end();
  last.end();
  await patient.idle();
  assert.deepEqual(happened, ['refuse late', 'run first', 'run last']);
});

test('no more than the rate are begun, and all of them in the end', async () => {
  const admission = new Admission({ ...bounds, perSecond: 200, mostUnderWay: 1000, mostWaiting: 1000 });
  let begun = 0;
  const started = performance.now();
  const each = { isGone: false, refuse: () => assert.fail('refused'), run: async () => void begun++ };
  for (let i = 0; i < 100; i++) admission.offer(each);
  // A tenth of a second's worth may start at once.
  assert.ok(begun <= 20, `${begun}`);
  await admission.idle();
  const seconds = (performance.now() - started) / 1000;
  assert.equal(begun, 100);
  assert.ok(seconds >= 0.38, `80 at 200 a second in ${seconds} s`);
});

test('refuseAll refuses what waits and leaves what runs', async () => {
  const happened: string[] = [];
  const admission = new Admission({ ...bounds, mostUnderWay: 1 });
  const [runs, waits] = ['runs', 'waits'].map((name) => job(name, happened));
  assert.ok(runs !== undefined && waits !== undefined);
  admission.offer(runs);
  admission.offer(waits);
  admission.refuseAll();
  assert.deepEqual(happened, ['run runs', 'refuse waits']);
  runs.end();
  await admission.idle();
});

test('those who have gone or waited too long use nothing of the rate, so that a storm never starves who still waits', async () => {
  const happened: string[] = [];
  const patient = { perSecond: 10, mostUnderWay: 1_000, mostWaiting: 1_000, patienceMs: 300 };
  const admission = new Admission(patient);
  const stale = Array.from({ length: 200 }, (_, i) => job(`stale ${i}`, happened));
  for (const one of stale) admission.offer(one);
  for (const one of stale.slice(100)) one.isGone = true;
  await eventually(() => happened.filter((what) => what.startsWith('refuse')).length > 50);
  const fresh = job('fresh', happened);
  admission.offer(fresh);
  await eventually(() => happened.includes('run fresh'));
  for (const one of [...stale, fresh]) one.end();
  await admission.idle();
  assert.ok(!happened.includes('refuse fresh'));
});
