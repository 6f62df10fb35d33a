import { accessSync, constants } from 'node:fs';
import type { Setting } from './settings.ts';

type Common = {
  readonly env: string;
  readonly about: string;
  readonly fallback?: string;
  readonly secret?: boolean;
};

/** A text that must not be empty. */
export function text(common: Common): Setting<string> {
  return { ...common, read: (value) => value };
}

/** A text that may be absent. */
export function optionalText(common: Omit<Common, 'fallback'>): Setting<string | undefined> {
  return { ...common, fallback: '', read: (value) => (value === '' ? undefined : value) };
}

/** The path of a file that must be readable now. */
export function file(common: Common): Setting<string> {
  return { ...common, read: readable };
}

/** The path of a file that must be readable now; may be absent. */
export function optionalFile(common: Omit<Common, 'fallback'>): Setting<string | undefined> {
  return { ...common, fallback: '', read: (value) => (value === '' ? undefined : readable(value)) };
}

function readable(path: string): string {
  try {
    accessSync(path, constants.R_OK);
    return path;
  } catch (error) {
    throw new Error(`names ${path}, which can't be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** A whole number between two bounds, both included. */
export function integer(common: Common, least: number, most: number): Setting<number> {
  return {
    ...common,
    read: (value) => {
      const number = Number(value);
      if (!/^-?[0-9]+$/.test(value) || number < least || number > most) {
        throw new Error(`must be a whole number from ${least} to ${most}, got ${JSON.stringify(value)}`);
      }
      return number;
    },
  };
}

/** A TCP port; 0 lets the system choose. */
export function port(common: Common): Setting<number> {
  return integer(common, 0, 65_535);
}

/** `true` or `false`. */
export function flag(common: Common): Setting<boolean> {
  return {
    ...common,
    read: (value) => {
      if (value !== 'true' && value !== 'false')
        throw new Error(`must be true or false, got ${JSON.stringify(value)}`);
      return value === 'true';
    },
  };
}

/** One of a few words. */
export function oneOf<const W extends string>(common: Common, words: readonly W[]): Setting<W> {
  return {
    ...common,
    read: (value) => {
      const word = words.find((candidate) => candidate === value);
      if (word === undefined)
        throw new Error(`must be one of ${words.join(', ')}, got ${JSON.stringify(value)}`);
      return word;
    },
  };
}

/** Texts separated by commas; none when empty. */
export function list(common: Common): Setting<readonly string[]> {
  return {
    ...common,
    read: (value) =>
      value
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
  };
}
