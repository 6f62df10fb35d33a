import { list } from '@roomstream/runtime/setting-kinds';
import type { Setting } from '@roomstream/runtime/settings';

/** A setting of web origins, or `*` for all; a path or a missing scheme would never match what browsers send. */
export function origins(common: {
  env: string;
  fallback: string;
  about: string;
}): Setting<readonly string[]> {
  const texts = list(common);
  return {
    ...texts,
    read: (value) => {
      const items = texts.read(value);
      for (const item of items) {
        if (item !== '*' && !isOrigin(item)) {
          throw new Error(`has ${JSON.stringify(item)}, which is not an origin such as https://example.com`);
        }
      }
      return items;
    },
  };
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}
