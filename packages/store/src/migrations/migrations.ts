import type { Migration } from '../migration.ts';
import { indexRecords } from './index-records.ts';

/**
 * All steps, in their order: the first leads from version 0, which is records without a version, to version 1. Never
 * changed, never reordered; a new layout is a new step at the end.
 */
export const migrations: readonly Migration[] = [indexRecords];
