/**
 * Longest rest of a connection. Below the 60 s after which load balancers commonly close theirs: a request that meets the
 * closing is lost, and no message is asked about twice.
 */
const mostRestMs = 55_000;

/**
 * Options of an HTTP agent whose connections are kept, `concurrency` at most to one host. Node gives a connection up a second
 * before the time that the server announces (`Keep-Alive: timeout=5`), but only if the agent has a time of its own.
 */
export function keptConnections(concurrency: number) {
  return { keepAlive: true, maxSockets: concurrency, maxFreeSockets: concurrency, timeout: mostRestMs };
}
