import type { Setting } from './settings.ts';

/** The region, for every process that makes or reads ARNs. */
export const region: Setting<string> = {
  env: 'ROOMSTREAM_REGION',
  fallback: 'us-west-2',
  about: 'Region in ARNs and signatures; the same for all processes.',
  read: (text) => {
    if (!/^[a-z0-9-]+$/.test(text)) {
      throw new Error(
        `must be lower-case letters, digits and hyphens, as in us-west-2, got ${JSON.stringify(text)}`,
      );
    }
    return text;
  },
};
