import { startHandlerEndpoint } from './handler-endpoint.ts';

// What startHandlerProcess runs.

const endpoint = await startHandlerEndpoint();
process.send?.(endpoint.url);
process.on('disconnect', () => process.exit(0));
