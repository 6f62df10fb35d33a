import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everyOperation } from './every-operation.ts';
import type { Operation, Shape } from './model/shape.ts';
import { type ShapeName, shapes } from './model/shapes.ts';
import { type FieldFault, validate } from './validate.ts';

/** A text that fits the model's patterns, of a wanted length where they allow any. */
function sample(name: string, shape: Shape & { type: 'string' }, length?: number): string {
  if (shape.enum !== undefined) return shape.enum[0] as string;
  const fixed: Record<string, string> = {
    LambdaArn: 'arn:aws:lambda:us-west-2:123456789012:function:f',
    LoggingConfigurationArn: 'arn:aws:ivschat:us-west-2:123456789012:logging-configuration/ABCdef34ghIJ',
    LoggingConfigurationIdentifier:
      'arn:aws:ivschat:us-west-2:123456789012:logging-configuration/ABCdef34ghIJ',
    ResourceArn: 'arn:aws:ivschat:us-west-2:123456789012:room/ABCdef34ghIJ',
    RoomArn: 'arn:aws:ivschat:us-west-2:123456789012:room/ABCdef34ghIJ',
    RoomIdentifier: 'arn:aws:ivschat:us-west-2:123456789012:room/ABCdef34ghIJ',
  };
  const start = fixed[name] ?? '';
  const wanted = length ?? Math.max(shape.min ?? 0, 1);
  return start.padEnd(start === '' ? wanted : (length ?? start.length), 'a');
}

/** The smallest value that a shape takes with every member given. */
function valid(name: string): unknown {
  const shape = shapes[name as ShapeName];
  switch (shape.type) {
    case 'string':
      return sample(name, shape);
    case 'timestamp':
      return '2026-01-02T03:04:05.678Z';
    case 'integer':
      return shape.min ?? 0;
    case 'list':
      return [valid(shape.member)];
    case 'map':
      return { key: 'value' };
    case 'structure': {
      const members = Object.entries(shape.members).map(([member, of]) => [member, valid(of)]);
      return Object.fromEntries(shape.union === true ? members.slice(0, 1) : members);
    }
  }
}

type Wrong = { readonly why: string; readonly value: unknown; readonly says: readonly (string | number)[] };

/** Values that break each limit of a shape, and what the error must say: the limit and the value's size. */
function wrong(name: string): Wrong[] {
  const shape = shapes[name as ShapeName];
  const types: Wrong[] = [true, 1.5, 'text', [], {}].flatMap((value) => {
    const type = Array.isArray(value) ? 'list' : typeof value;
    const own = {
      string: 'string',
      timestamp: 'string',
      integer: '',
      list: 'list',
      map: 'object',
      structure: 'object',
    };
    return type === own[shape.type] ? [] : [{ why: `type ${type}`, value, says: ['must be'] }];
  });
  switch (shape.type) {
    case 'string': {
      const found: Wrong[] = [{ why: 'lone surrogate', value: '\ud83d', says: ['surrogate'] }];
      if (shape.max !== undefined) {
        const value = sample(name, shape, shape.max + 1);
        found.push({ why: 'too long', value, says: [shape.max, shape.max + 1] });
      }
      if ((shape.min ?? 0) > 0 && shape.enum === undefined) {
        found.push({
          why: 'too short',
          value: 'a'.repeat((shape.min as number) - 1),
          says: [shape.min as number],
        });
      }
      if (shape.pattern !== undefined) {
        for (const bad of ['!', '\n']) {
          const value = `${bad}${sample(name, shape).slice(1)}`;
          found.push({ why: 'pattern', value, says: [shape.pattern, [...value].length] });
        }
      }
      if (shape.enum !== undefined) found.push({ why: 'enum', value: 'OTHER!', says: shape.enum });
      return [...types, ...found];
    }
    case 'integer':
      return [
        ...types,
        ...(shape.max === undefined
          ? []
          : [{ why: 'too large', value: shape.max + 1, says: [shape.max, shape.max + 1] }]),
        ...(shape.min === undefined
          ? []
          : [{ why: 'too small', value: shape.min - 1, says: [shape.min, shape.min - 1] }]),
      ];
    case 'list': {
      const { max } = shape;
      if (max === undefined) return types;
      const value = Array.from({ length: max + 1 }, () => valid(shape.member));
      return [...types, { why: 'too many', value, says: [max, max + 1] }];
    }
    case 'map': {
      const found: Wrong[] = [{ why: 'value type', value: { key: 1 }, says: ['must be a string'] }];
      if (shape.max !== undefined) {
        const entries = Array.from({ length: shape.max + 1 }, (_, i) => [`k${i}`, '']);
        found.push({ why: 'too many', value: Object.fromEntries(entries), says: [shape.max, shape.max + 1] });
      }
      if (shape.maxBytes !== undefined) {
        const value = { é: 'x'.repeat(shape.maxBytes - 1) };
        found.push({ why: 'bytes', value, says: [shape.maxBytes, shape.maxBytes + 1] });
      }
      if (shape.reservedPrefix !== undefined) {
        found.push({ why: 'prefix', value: { 'AWS:x': '' }, says: [shape.reservedPrefix] });
      }
      return [...types, ...found];
    }
    default:
      return types;
  }
}

/** Every member below a structure: where it is, its shape, and the whole value with another one in its place. */
function* places(
  name: string,
  path = '',
): Generator<{ at: string; of: string; put: (value: unknown) => unknown }> {
  const shape = shapes[name as ShapeName];
  if (shape.type !== 'structure') return;
  for (const [member, of] of Object.entries(shape.members)) {
    const whole = shape.union === true ? {} : (valid(name) as object);
    const put = (value: unknown) => ({ ...whole, [member]: value });
    const at = path === '' ? member : `${path}.${member}`;
    yield { at, of, put };
    const inner = shapes[of as ShapeName];
    if (inner.type === 'list') yield { at: `${at}[0]`, of: inner.member, put: (value) => put([value]) };
    for (const below of places(of, at)) yield { ...below, put: (value) => put(below.put(value)) };
  }
}

function faultsOf(shape: string, value: unknown): readonly FieldFault[] {
  const validated = validate(shape as ShapeName, value);
  return validated.kind === 'invalid' ? validated.faults : [];
}

for (const [operation, { input }] of Object.entries(everyOperation as Record<string, Operation>)) {
  test(`${operation} takes a request with every field`, () => {
    assert.deepEqual(faultsOf(input, valid(input)), []);
  });

  test(`${operation} names each required field that is missing or null`, () => {
    const shape = shapes[input as ShapeName];
    assert.ok(shape.type === 'structure');
    for (const member of shape.required) {
      for (const value of [undefined, null]) {
        const faults = faultsOf(input, { ...(valid(input) as object), [member]: value });
        assert.deepEqual(faults, [{ name: member, message: 'is required' }]);
      }
    }
  });

  test(`${operation} refuses every value beyond a limit of the model, naming field, limit and size`, () => {
    for (const { at, of, put } of places(input)) {
      assert.deepEqual(faultsOf(input, put(valid(of))), [], at);
      for (const { why, value, says } of wrong(of)) {
        const [fault] = faultsOf(input, put(value));
        assert.ok(fault !== undefined, `${at}: ${why} was accepted`);
        assert.ok(fault.name.startsWith(at), `${at}: ${why} is blamed on ${fault.name}`);
        for (const text of says)
          assert.ok(fault.message.includes(`${text}`), `${at}: ${why}: ${fault.message}`);
      }
    }
  });

  test(`${operation} takes values of exactly each limit`, () => {
    for (const { at, of, put } of places(input)) {
      const shape = shapes[of as ShapeName];
      const exact: unknown[] = [];
      if (shape.type === 'integer')
        exact.push(...[shape.min, shape.max].filter((limit) => limit !== undefined));
      if (shape.type === 'string' && shape.max !== undefined) exact.push(sample(of, shape, shape.max));
      if (shape.type === 'map' && shape.maxBytes !== undefined)
        exact.push({ é: 'x'.repeat(shape.maxBytes - 2) });
      if (shape.type === 'map' && shape.max !== undefined) {
        exact.push(Object.fromEntries(Array.from({ length: shape.max }, (_, i) => [`k${i}`, ''])));
      }
      for (const value of exact) assert.deepEqual(faultsOf(input, put(value)), [], at);
    }
  });
}

test('lengths count code points, not UTF-16 units', () => {
  assert.deepEqual(faultsOf('UserID', '😀'.repeat(128)), []);
  const [fault] = faultsOf('UserID', '😀'.repeat(129));
  assert.match(fault?.message ?? '', /129 characters.*128/);
});

test('members that the shape does not know are ignored, and null counts as absent', () => {
  assert.deepEqual(validate('GetRoomRequest', { ...(valid('GetRoomRequest') as object), x: 1 }), {
    kind: 'valid',
    value: valid('GetRoomRequest'),
  });
  assert.deepEqual(validate('CreateRoomRequest', { name: null, tags: null }), { kind: 'valid', value: {} });
});

test('an inherited member does not count as given', () => {
  assert.equal(validate('GetRoomRequest', Object.create({ identifier: valid('RoomArn') })).kind, 'invalid');
});

test('a destination is exactly one of s3, cloudWatchLogs and firehose', () => {
  const s3 = { bucketName: 'bucket' };
  const firehose = { deliveryStreamName: 'stream' };
  assert.deepEqual(faultsOf('DestinationConfiguration', { s3 }), []);
  assert.deepEqual(faultsOf('DestinationConfiguration', { s3, firehose: null }), []);
  assert.match(faultsOf('DestinationConfiguration', {})[0]?.message ?? '', /has 0 of .* exactly 1/);
  assert.match(
    faultsOf('DestinationConfiguration', { s3, firehose })[0]?.message ?? '',
    /has 2 of .* exactly 1/,
  );
});

test('a body that is no object is refused', () => {
  for (const value of [null, [], 'x', 1, true]) {
    assert.deepEqual(
      faultsOf('CreateRoomRequest', value).map(({ name }) => name),
      ['body'],
    );
  }
});

test('an account with a larger quota of messages may give it to its rooms', () => {
  const ceilings = { RoomMaxMessageRatePerSecond: 1000 };
  assert.equal(validate('CreateRoomRequest', { maximumMessageRatePerSecond: 1000 }, ceilings).kind, 'valid');
  assert.equal(
    validate('CreateRoomRequest', { maximumMessageRatePerSecond: 1001 }, ceilings).kind,
    'invalid',
  );
  assert.equal(validate('CreateRoomRequest', { maximumMessageRatePerSecond: 101 }).kind, 'invalid');
});

test('no error contains the value that it is about', () => {
  const secret = 'secret!'.repeat(100);
  for (const name of Object.keys(shapes)) {
    const shape = shapes[name as ShapeName];
    const values =
      shape.type === 'map' ? [{ [secret]: secret }] : shape.type === 'list' ? [[secret]] : [secret];
    for (const value of values) {
      for (const fault of faultsOf(name, value)) assert.ok(!JSON.stringify(fault).includes('secret'), name);
    }
  }
});

test('a request with a hundred thousand faults lists only the first', () => {
  const capabilities = Array.from({ length: 100_000 }, () => 1);
  assert.equal(faultsOf('ChatTokenCapabilities', capabilities).length, 20);
});
