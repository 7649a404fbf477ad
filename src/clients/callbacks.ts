import * as Comlink from 'comlink';

/** Bytes that have a buffer of their own are moved to the worker; a view of a larger one is copied, as others may look at it too. */
export function moved(bytes: Uint8Array): Uint8Array {
  const own =
    bytes.buffer instanceof ArrayBuffer && bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
  // The cast: either case has a plain buffer.
  return Comlink.transfer(own, [own.buffer as ArrayBuffer]);
}

/** `value` with the buffers of its columns, which are moved to the worker. */
export function movedColumns<T extends object>(
  value: T,
  columns: readonly {readonly values: {readonly buffer: ArrayBufferLike}}[],
): T {
  // The cast: columns own plain buffers.
  return Comlink.transfer(
    value,
    columns.map(({values}) => values.buffer as ArrayBuffer),
  );
}

/** A callback that hands its failure to whoever called, as it was thrown: Comlink would keep only its message. */
export async function withCallback<Given extends readonly unknown[], T>(
  callback: (...given: Given) => Promise<void>,
  work: (proxied: (...given: Given) => Promise<void>) => Promise<T>,
): Promise<T> {
  let failure: {readonly thrown: unknown} | undefined;
  const receive = async (...given: Given): Promise<void> => {
    try {
      await callback(...given);
    } catch (thrown) {
      failure = {thrown};
      throw thrown;
    }
  };
  try {
    return await work(Comlink.proxy(receive));
  } catch (thrown) {
    throw failure?.thrown ?? thrown;
  }
}
