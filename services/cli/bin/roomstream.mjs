#!/usr/bin/env node
// `roomstream <command>`: the operator's tools. In a clone that isn't built yet it sets itself up first.
import { existsSync } from 'node:fs';

// No news to whoever runs Roomstream: package-lock.json fixes which version of the AWS SDK is installed.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

const main = new URL('../dist/src/main.js', import.meta.url);
if (!existsSync(main)) {
  const { setUp } = await import('../../local/bin/set-up.mjs');
  await setUp();
}
process.setSourceMapsEnabled(true);
await import(main);
