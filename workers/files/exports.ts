import type {Encrypting} from '../../src/encrypt/define.ts';
import {chunksOf} from '../../src/lib/bytes.ts';
import type {Encryption} from '../contract/storage.ts';
import {coalesce} from '../shared/bytes.ts';
import type {Sink, Store} from './store.ts';
import {randomUUID} from '../../src/lib/uuid.ts';

const folder = 'exports';

/** A file of its own for what leaves, or is looked at before it comes in: it goes with the next start. With `encrypt` its plain bytes are never stored. */
export async function createExport(store: Store, encrypt?: Encryption): Promise<Sink> {
  const create = (): Promise<Sink> => store.create(`${folder}/${randomUUID()}`);
  if (encrypt === undefined) return create();
  const {encrypting} = await import('../../src/encrypt/index.ts');
  const by = await encrypting(encrypt);
  return encryptedSink(await create(), by);
}

/** Names are those that `createExport` gave. */
export const removeExport = (store: Store, name: string): Promise<void> =>
  store.remove(`${folder}/${name.replaceAll('/', '')}`);

/** Encrypts the bytes it is given and writes them to `sink`; a failure of either ends both. */
function encryptedSink(sink: Sink, {writable, readable}: Encrypting): Sink {
  const writer = writable.getWriter();
  const written = (async () => {
    for await (const chunk of coalesce(chunksOf(readable))) await sink.write(chunk);
  })();
  // Whoever writes or closes next gets the failure.
  written.catch(() => undefined);
  const orItsFailure = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (thrown) {
      await written;
      throw thrown;
    }
  };
  return {
    write: (bytes) => orItsFailure(writer.write(bytes)),
    async close() {
      await orItsFailure(writer.close());
      await written;
      return sink.close();
    },
    async discard() {
      await writer.abort().catch(() => undefined);
      await written.catch(() => undefined);
      await sink.discard();
    },
  };
}
