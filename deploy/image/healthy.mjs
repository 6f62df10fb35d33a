// The image's health check: whether the process turns. Exit status 0 or 1.
const port = process.env.ROOMSTREAM_ADMIN_PORT || '8090';
try {
  const { ok } = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(2_000) });
  process.exitCode = ok ? 0 : 1;
} catch (error) {
  console.error(error.cause?.message ?? error.message);
  process.exitCode = 1;
}
