import { additionShapes } from '../additions/shapes.ts';
import type { everyOperation } from '../every-operation.ts';
import { errorStructures } from './error-structures.ts';
import { scalars } from './scalars.ts';
import type { Shape } from './shape.ts';
import { structures } from './structures.ts';

const table = { ...scalars, ...structures, ...errorStructures, ...additionShapes };

type Table = typeof table;

/** The name of a shape: of the service model, or of an addition. */
export type ShapeName = keyof Table;

/** All shapes by name. */
export const shapes: Readonly<Record<ShapeName, Shape>> = table;

/** What a value of a shape looks like in TypeScript: read off the data, so that no type can drift from it. */
export type Value<N> = N extends ShapeName ? ValueOf<Table[N]> : never;

type ValueOf<S> = S extends { type: 'string'; enum: readonly (infer E)[] }
  ? E
  : S extends { type: 'string' | 'timestamp' }
    ? string
    : S extends { type: 'integer' }
      ? number
      : S extends { type: 'list'; member: infer M }
        ? readonly Value<M>[]
        : S extends { type: 'map' }
          ? Readonly<Record<string, string>>
          : S extends { type: 'structure'; required: readonly (infer R)[]; members: infer M }
            ? StructureOf<M, R>
            : never;

type StructureOf<M, R> = { readonly [K in keyof M as K extends R ? K : never]: Value<M[K]> } & {
  readonly [K in keyof M as K extends R ? never : K]?: Value<M[K]> | undefined;
};

type Operations = typeof everyOperation;

/** What an operation is given. */
export type Input<O extends keyof Operations> = Value<Operations[O]['input']>;

/** What an operation answers; nothing where there is no shape of its output. */
export type Output<O extends keyof Operations> = Operations[O] extends { output: infer N }
  ? Value<N>
  : undefined;
