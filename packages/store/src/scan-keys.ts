import { Cluster } from 'ioredis';
import type { RecordsConnection } from './records-connection.ts';

/** Keys that one step of a scan looks at: Redis serves others between two of them. */
const step = 500;

/** The keys that match, of all masters, in small batches; some may come twice. Rejects with StoreUnavailable. */
export async function* scanKeys(
  { client, retry }: Pick<RecordsConnection, 'client' | 'retry'>,
  pattern: string,
): AsyncGenerator<readonly string[]> {
  const masters = client instanceof Cluster ? client.nodes('master') : [client];
  for (const master of masters) {
    let cursor = '0';
    do {
      const [next, keys] = await retry('scan keys', () =>
        master.scan(cursor, 'MATCH', pattern, 'COUNT', step),
      );
      yield keys;
      cursor = next;
    } while (cursor !== '0');
  }
}
