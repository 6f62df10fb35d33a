/** What to say when the WebSocket library has no binary that runs here: which Node and glibc it needs, and what is here. */
export function explainLoadFailure(node = process.version, glibc = glibcVersion()): string {
  const here = `Node ${node} on ${process.platform}-${process.arch}${glibc === undefined ? '' : `, glibc ${glibc}`}`;
  return (
    `the WebSocket library uWebSockets.js can't be loaded on ${here}: it needs Node 20 (glibc 2.27 or later), ` +
    'or Node 22 or 24 (glibc 2.38 or later: Debian 13, Ubuntu 24.04). On Debian 12 use Node 20.'
  );
}

function glibcVersion(): string | undefined {
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return report?.header?.glibcVersionRuntime;
}
