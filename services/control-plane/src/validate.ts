import { attributesBytes } from '@roomstream/protocol/attributes';
import { codePoints } from '@roomstream/protocol/limits';
import type { IntegerShape, ListShape, MapShape, StringShape, StructureShape } from './model/shape.ts';
import { type ShapeName, shapes, type Value } from './model/shapes.ts';

/** One wrong field: an entry of ValidationException's fieldList. */
export type FieldFault = {
  /** Where: `tags`, `destinationConfiguration.s3.bucketName`, `loggingConfigurationIdentifiers[1]`. */
  readonly name: string;
  /** What: the limit and the value's size, never the value. */
  readonly message: string;
};

/** The outcome of a validation. */
export type Validated<N extends ShapeName> =
  | { readonly kind: 'valid'; readonly value: Value<N> }
  | { readonly kind: 'invalid'; readonly faults: readonly FieldFault[] };

/** Another maximum for the numbers of a shape: an account's quota in place of the model's default. */
export type Ceilings = Partial<Readonly<Record<ShapeName, number>>>;

/** Faults beyond this many aren't listed: a body of 256 KB could hold a hundred thousand. */
const mostFaults = 20;

type Walk = { readonly ceilings: Ceilings; readonly faults: FieldFault[] };

/**
 * Walks `value` along a shape of the service model. Types are strict; members that the shape doesn't know are left out,
 * and a member that is null counts as absent, both as AWS reads them.
 */
export function validate<N extends ShapeName>(
  shape: N,
  value: unknown,
  ceilings: Ceilings = {},
): Validated<N> {
  const walk: Walk = { ceilings, faults: [] };
  const result = walkShape(walk, shape, '', value);
  return walk.faults.length === 0
    ? { kind: 'valid', value: result as Value<N> }
    : { kind: 'invalid', faults: walk.faults };
}

function fault(walk: Walk, name: string, message: string): undefined {
  if (walk.faults.length < mostFaults) walk.faults.push({ name: name === '' ? 'body' : name, message });
  return undefined;
}

function walkShape(walk: Walk, shapeName: ShapeName, name: string, value: unknown): unknown {
  const shape = shapes[shapeName];
  switch (shape.type) {
    case 'string':
      return walkString(walk, shape, name, value);
    case 'timestamp':
      return walkString(walk, timestamp, name, value);
    case 'integer':
      return walkInteger(walk, shape, walk.ceilings[shapeName] ?? shape.max, name, value);
    case 'list':
      return walkList(walk, shape, name, value);
    case 'map':
      return walkMap(walk, shape, name, value);
    case 'structure':
      return walkStructure(walk, shape, name, value);
    default:
      return shape satisfies never;
  }
}

const timestamp: StringShape = {
  type: 'string',
  pattern: '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z',
};

const patterns = new Map<string, RegExp>();

/** The model's patterns hold for the whole string; some lack anchors. */
function wholePattern(pattern: string): RegExp {
  let compiled = patterns.get(pattern);
  if (compiled === undefined) {
    compiled = new RegExp(`^(?:${pattern})$`);
    patterns.set(pattern, compiled);
  }
  return compiled;
}

/** Half of a surrogate pair: JSON can write it, UTF-8 can't. */
const loneSurrogate = /\p{Surrogate}/u;

function walkString(walk: Walk, shape: StringShape, name: string, value: unknown): unknown {
  if (typeof value !== 'string') return fault(walk, name, `must be a string, got ${typeName(value)}`);
  if (loneSurrogate.test(value))
    return fault(walk, name, 'has half of a surrogate pair, must be valid Unicode');
  if (shape.enum !== undefined && !shape.enum.includes(value)) {
    return fault(
      walk,
      name,
      `must be one of ${shape.enum.join(', ')}, got another text of ${count(codePoints(value), 'character')}`,
    );
  }
  const length = codePoints(value);
  if (!checkSize(walk, shape, name, length, 'character')) return undefined;
  if (shape.pattern !== undefined && !wholePattern(shape.pattern).test(value)) {
    return fault(
      walk,
      name,
      `does not match the pattern ${shape.pattern}; it has ${count(length, 'character')}`,
    );
  }
  return value;
}

function walkInteger(
  walk: Walk,
  shape: IntegerShape,
  max: number | undefined,
  name: string,
  value: unknown,
): unknown {
  if (typeof value !== 'number') return fault(walk, name, `must be a whole number, got ${typeName(value)}`);
  if (!Number.isSafeInteger(value)) return fault(walk, name, 'must be a whole number, got another one');
  if (shape.min !== undefined && value < shape.min) {
    return fault(walk, name, `is ${value}, must be at least ${shape.min}`);
  }
  if (max !== undefined && value > max) return fault(walk, name, `is ${value}, must be at most ${max}`);
  return value;
}

function walkList(walk: Walk, shape: ListShape, name: string, value: unknown): unknown {
  if (!Array.isArray(value)) return fault(walk, name, `must be a list, got ${typeName(value)}`);
  if (!checkSize(walk, shape, name, value.length, 'item')) return undefined;
  return value.map((item, index) => walkShape(walk, shape.member as ShapeName, `${name}[${index}]`, item));
}

function walkMap(walk: Walk, shape: MapShape, name: string, value: unknown): unknown {
  if (!isObject(value)) return fault(walk, name, `must be a map of strings, got ${typeName(value)}`);
  const entries = Object.entries(value);
  if (!checkSize(walk, shape, name, entries.length, 'entry')) return undefined;
  for (const [index, [key, item]] of entries.entries()) {
    walkShape(walk, shape.key as ShapeName, `${name} (key ${index + 1})`, key);
    walkShape(walk, shape.value as ShapeName, `${name} (value ${index + 1})`, item);
    if (shape.reservedPrefix !== undefined && key.toLowerCase().startsWith(shape.reservedPrefix)) {
      fault(
        walk,
        `${name} (key ${index + 1})`,
        `must not begin with the reserved prefix ${shape.reservedPrefix}`,
      );
    }
  }
  if (shape.maxBytes !== undefined && walk.faults.length === 0) {
    const bytes = attributesBytes(value as Readonly<Record<string, string>>);
    if (bytes > shape.maxBytes) {
      fault(walk, name, `has ${bytes} bytes of keys and values, must have at most ${shape.maxBytes}`);
    }
  }
  return value;
}

function walkStructure(walk: Walk, shape: StructureShape, name: string, value: unknown): unknown {
  if (!isObject(value)) return fault(walk, name, `must be an object, got ${typeName(value)}`);
  const result: Record<string, unknown> = {};
  for (const [member, memberShape] of Object.entries(shape.members)) {
    const memberName = name === '' ? member : `${name}.${member}`;
    const memberValue = Object.hasOwn(value, member) ? value[member] : undefined;
    if (memberValue !== undefined && memberValue !== null) {
      result[member] = walkShape(walk, memberShape as ShapeName, memberName, memberValue);
    } else if (shape.required.includes(member)) {
      fault(walk, memberName, 'is required');
    }
  }
  const given = Object.keys(result).length;
  if (shape.union === true && given !== 1) {
    fault(walk, name, `has ${given} of ${Object.keys(shape.members).join(', ')}, must have exactly 1`);
  }
  return result;
}

/** Checks a size against a shape's bounds; false after adding a fault. */
function checkSize(
  walk: Walk,
  shape: { readonly min?: number; readonly max?: number },
  name: string,
  size: number,
  unit: string,
): boolean {
  if (shape.min !== undefined && size < shape.min) {
    fault(walk, name, `has ${count(size, unit)}, must have at least ${shape.min}`);
    return false;
  }
  if (shape.max !== undefined && size > shape.max) {
    fault(walk, name, `has ${count(size, unit)}, must have at most ${shape.max}`);
    return false;
  }
  return true;
}

function count(size: number, unit: string): string {
  if (size === 1) return `1 ${unit}`;
  return unit === 'entry' ? `${size} entries` : `${size} ${unit}s`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
