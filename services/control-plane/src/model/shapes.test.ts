import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everyOperation } from '../every-operation.ts';
import { operations } from './operations.ts';
import type { Operation } from './shape.ts';
import { type ShapeName, shapes } from './shapes.ts';

test('every shape that another one or an operation names exists', () => {
  const named = [
    ...Object.values(everyOperation as Record<string, Operation>).flatMap(({ input, output }) => [
      input,
      output,
    ]),
    ...Object.values(shapes).flatMap((shape) => {
      if (shape.type === 'structure') return Object.values(shape.members);
      if (shape.type === 'list') return [shape.member];
      return shape.type === 'map' ? [shape.key, shape.value] : [];
    }),
  ];
  for (const name of named) assert.ok(name === undefined || Object.hasOwn(shapes, name), name);
});

test('every shape is reached from an operation or is an error', () => {
  const reached = new Set<string>();
  const visit = (name: string | undefined) => {
    if (name === undefined || reached.has(name)) return;
    reached.add(name);
    const shape = shapes[name as ShapeName];
    if (shape.type === 'structure') Object.values(shape.members).forEach(visit);
    else if (shape.type === 'list') visit(shape.member);
    else if (shape.type === 'map') [shape.key, shape.value].forEach(visit);
  };
  for (const { input, output } of Object.values(everyOperation as Record<string, Operation>)) {
    visit(input);
    visit(output);
  }
  for (const name of Object.keys(shapes)) if (/Exception|PendingVerification/.test(name)) visit(name);
  assert.deepEqual(
    Object.keys(shapes).filter((name) => !reached.has(name)),
    [],
  );
});

test('the model has 17 operations, and the two deletions answer 204', () => {
  assert.equal(Object.keys(operations).length, 17);
  const empty = Object.entries(operations).flatMap(([name, { status }]) => (status === 204 ? [name] : []));
  assert.deepEqual(empty, ['DeleteLoggingConfiguration', 'DeleteRoom']);
});

test('every required member and every member bound to path or query is one of its structure', () => {
  for (const shape of Object.values(shapes)) {
    if (shape.type !== 'structure') continue;
    for (const name of shape.required) assert.ok(Object.hasOwn(shape.members, name), name);
  }
  for (const { input, uri, query, path } of Object.values(everyOperation as Record<string, Operation>)) {
    const shape = shapes[input as ShapeName];
    assert.ok(shape.type === 'structure');
    for (const name of [...uri, ...query]) assert.ok(Object.hasOwn(shape.members, name), name);
    for (const name of uri) assert.ok(path.includes(`{${name}}`), path);
  }
});
