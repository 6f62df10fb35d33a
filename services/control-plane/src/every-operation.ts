import { additions } from './additions/operations.ts';
import { operations } from './model/operations.ts';

/** Every operation of the API: those of the service model, and what Roomstream has beyond it. */
export const everyOperation = { ...operations, ...additions };

/** The name of an operation, as in `ivschat:<name>`. */
export type OperationName = keyof typeof everyOperation;
