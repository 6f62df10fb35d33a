import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cellOf } from '../src/capacity.ts';
import { notesOf } from '../src/capacity-report.ts';
import type { CostValues } from '../src/costs.ts';
import { checkDemand, type Demand, ordinary } from '../src/demand.ts';
import { quotasOf } from '../src/quotas-of.ts';
import { readingOf } from '../src/reading.ts';

/** Round numbers, so that what follows can be reckoned in the head. */
const costs: CostValues = {
  gatewayBase: 100,
  connection: 1024,
  handshakeGateway: 100,
  handshakeRedis: 10,
  tokenControlPlane: 200,
  tokenRedis: 10,
  messageGateway: 50,
  messageRedis: 40,
  delivery: 10,
  entryGateway: 2,
  entryRedis: 1,
  reviewWorker: 1000,
  reviewGateway: 200,
  reviewRedis: 100,
  recordShipper: 25,
  recordRedis: 20,
  logObject: 600,
  frameBytes: 164,
};
const demand: Demand = { ...ordinary, viewers: 100_000, stayMinutes: 1e9, refreshSeconds: 0, logged: 0 };
const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) <= expected * 0.001, `${actual} isn't ${expected}`);

describe('the load of a cell', () => {
  test('follows from viewers, rooms and messages', () => {
    const { load } = cellOf(demand, costs);
    assert.deepEqual([load.rooms, load.messages, load.deliveries], [100, 200, 200_000]);
  });

  test('has a token and a handshake for each viewer every 30 s with official clients, and for those who come', () => {
    near(cellOf({ ...demand, refreshSeconds: 30 }, costs).load.joins, 3_333.3);
    near(cellOf({ ...demand, stayMinutes: 10 }, costs).load.joins, 166.7);
  });

  test('is a part of all where there are several cells', () => {
    assert.deepEqual(
      cellOf({ ...demand, cells: 10 }, costs).load,
      cellOf({ ...demand, viewers: 10_000 }, costs).load,
    );
  });
});

describe('gateways', () => {
  test('are as many as their connections need, where they have little to do', () => {
    assert.equal(cellOf({ ...demand, messagesPerRoom: 0 }, costs).gateways, 10);
  });

  test('are as many as their cores need, where there is much to deliver', () => {
    // 100,000 x 20 deliveries of 10 µs are 20 cores; at 60 % of a core each, and with the messages, a little over 33.
    const { gateways, cores } = cellOf({ ...demand, messagesPerRoom: 20 }, costs);
    assert.ok(gateways >= 34 && gateways <= 37, `${gateways}`);
    assert.ok(cores.gateways / gateways <= 0.6);
  });

  test('are two at least, as are control planes: one may die', () => {
    const { gateways, controlPlanes, logShippers, reviewWorkers } = cellOf({ ...demand, viewers: 10 }, costs);
    assert.deepEqual([gateways, controlPlanes, logShippers, reviewWorkers], [2, 2, 0, 0]);
  });

  test('have the memory of their connections', () => {
    assert.equal(cellOf({ ...demand, messagesPerRoom: 0 }, costs).gatewayMegabytes, 100 + 10_000);
  });

  test('can’t be enough where reading alone takes more than a core', () => {
    const many = { ...demand, viewers: 1e9, viewersPerRoom: 1000, messagesPerRoom: 1 };
    assert.throws(() => cellOf(many, costs), /more cells/);
    assert.ok(cellOf({ ...many, cells: 1000 }, costs).gateways > 0);
  });
});

describe('the other processes', () => {
  test('follow from what each of their tasks costs', () => {
    const busy = { ...demand, refreshSeconds: 10, reviewed: 0.5, logged: 1 };
    const { cores, controlPlanes, reviewWorkers } = cellOf(busy, costs);
    near(cores.controlPlanes, 10_000 * 200e-6);
    assert.equal(controlPlanes, 4);
    near(cores.reviewWorkers, 100 * 1000e-6);
    assert.equal(reviewWorkers, 1);
    near(cores.logShippers, 200 * 25e-6 + (100 / 60) * 600e-6);
  });

  test('Redis brings each message to every gateway that reads it', () => {
    const { cores, gateways, reading } = cellOf(demand, costs);
    near(cores.redis, 200 * (40 + reading.read * gateways - 1) * 1e-6);
  });

  test('more Redis masters than the shards spread over are told', () => {
    const masters = (redisMasters: number) => ({ ...cellOf(demand, costs), redisMasters });
    assert.equal(notesOf(demand, masters(32)), '');
    assert.match(notesOf(demand, masters(33)), /128 shards don’t spread over 33 Redis masters/);
  });
});

describe('the network', () => {
  test('carries a packet for each delivery, and an entry for each gateway that reads it', () => {
    const { viewerBits, redisBits, gateways, reading } = cellOf(demand, costs);
    near(viewerBits, 200_000 * 8 * (164 + 96));
    near(redisBits, 200 * gateways * reading.read * 8 * (164 + 167));
  });
});

describe('a storm', () => {
  test('takes as long as what is left of the slowest lets it', () => {
    const { storms, gateways, cores, controlPlanes } = cellOf(demand, costs);
    assert.equal(storms.everybody.connections, 100_000);
    assert.equal(storms.everybody.bound, 'control planes');
    near(storms.everybody.seconds, (100_000 * 200e-6) / (controlPlanes - cores.controlPlanes));
    assert.equal(storms.gatewayDeath.connections, 100_000 / gateways);
    assert.ok(cores.gateways < gateways - 1);
  });
});

describe('what a gateway reads', () => {
  test('is all of it, and all needed, where it has viewers of every room', () => {
    const reading = readingOf(10, 10_000, 128, 2);
    near(reading.read, 1);
    near(reading.needed, 1);
    assert.ok(reading.unneeded < 0.001);
  });

  test('is little where there are few rooms on many shards, and all needed where a shard has one room', () => {
    const reading = readingOf(1, 10, 128, 1000);
    near(reading.read, 1 - 0.999 ** 10);
    assert.equal(reading.unneeded, 0);
  });

  test('is mostly not needed where rooms are small and gateways many', () => {
    const { needed, read, unneeded } = readingOf(100_000, 10, 128, 1000);
    near(needed, 1 - 0.999 ** 10);
    assert.ok(read > 0.99 && unneeded > 0.98);
  });

  test('gets less with more shards', () => {
    assert.ok(readingOf(10_000, 10, 1024, 1000).read < readingOf(10_000, 10, 128, 1000).read);
  });
});

test('values that make no sense are refused, all in one message', () => {
  assert.equal(checkDemand(demand), demand);
  assert.throws(
    () => checkDemand({ ...demand, viewers: Number.NaN, utilisation: 2 }),
    /viewers can't be NaN; utilisation can't be 2/,
  );
});

test('quotas leave something to spare', () => {
  assert.deepEqual(quotasOf(cellOf({ ...demand, refreshSeconds: 30 }, costs)), {
    connections: 150_000,
    rooms: 150,
    createChatTokenPerSecond: 5_100,
    sendMessagePerSecond: 300,
  });
});
