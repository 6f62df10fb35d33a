import assert from 'node:assert/strict';
import { test } from 'node:test';
import { embeddedMetrics } from './embedded-metrics.ts';

const namespaces = { chat: 'AWS/IVSChat', usage: 'AWS/Usage' };
const beganMs = 1_800_000_000_000;
const uri = 'arn:aws:lambda:us-west-2:000000000000:function:f';

/** An event as the format has it. */
function event(namespace: string, dimensions: Record<string, string>, values: Record<string, number>) {
  const Metrics = Object.keys(values).map((Name) => ({ Name, Unit: 'Count' }));
  const CloudWatchMetrics = [{ Namespace: namespace, Dimensions: [Object.keys(dimensions)], Metrics }];
  return {
    timestamp: beganMs,
    message: { _aws: { Timestamp: beganMs, CloudWatchMetrics }, ...dimensions, ...values },
  };
}

test('a period becomes the guide’s metrics, with its names, dimensions and units, and the usage metric', () => {
  const counts = new Map([
    ['Messaging Deliveries', new Map([['', 60]])],
    ['Messaging Requests', new Map([['', 7]])],
    [
      'Deliveries',
      new Map([
        ['SEND_MESSAGE', 50],
        ['SEND_EVENT', 10],
      ]),
    ],
    ['Requests', new Map([['SEND_MESSAGE', 6]])],
    ['InvocationErrors', new Map([[uri, 3]])],
    ['ResponseValidationErrors', new Map([[uri, 2]])],
    ['LogDestinationErrors', new Map([['other', 4]])],
    ['LogDestinationAccessDeniedError', new Map([['other', 1]])],
    ['LogDestinationResourceNotFoundErrors', new Map([['other', 2]])],
  ]);
  const events = embeddedMetrics({ beganMs, counts, connections: 12 }, namespaces);
  assert.deepEqual(
    events.map(({ timestamp, message }) => ({ timestamp, message: JSON.parse(message) })),
    [
      event(
        'AWS/IVSChat',
        {},
        {
          ConcurrentChatConnections: 12,
          'Messaging Deliveries': 60,
          'Messaging Requests': 7,
        },
      ),
      event('AWS/IVSChat', { Action: 'SEND_MESSAGE' }, { Deliveries: 50, Requests: 6 }),
      event('AWS/IVSChat', { Action: 'SEND_EVENT' }, { Deliveries: 10 }),
      event('AWS/IVSChat', { Uri: uri }, { InvocationErrors: 3, ResponseValidationErrors: 2 }),
      event(
        'AWS/IVSChat',
        { LoggingConfiguration: 'other' },
        {
          LogDestinationErrors: 4,
          LogDestinationAccessDeniedError: 1,
          LogDestinationResourceNotFoundErrors: 2,
        },
      ),
      event(
        'AWS/Usage',
        { Service: 'IVS Chat', Class: 'None', Type: 'Resource', Resource: 'ConcurrentChatConnections' },
        { ResourceCount: 12 },
      ),
    ],
  );
});

test('what nobody has told isn’t claimed to be zero', () => {
  assert.deepEqual(embeddedMetrics({ beganMs, counts: new Map(), connections: undefined }, namespaces), []);
});
