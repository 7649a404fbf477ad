import type * as ParquetWasm from 'parquet-wasm/esm';

/** The part of parquet-wasm that is used here; its builds for browsers and for Node both have it. */
export type ParquetModule = Pick<
  typeof ParquetWasm,
  'ParquetFile' | 'Table' | 'WriterPropertiesBuilder' | 'Compression' | 'transformParquetStream' | 'writeParquet'
>;

let loading: Promise<ParquetModule> | undefined;

/** The Parquet library, fetched from the page's own origin when it is first needed. */
export function loadParquet(): Promise<ParquetModule> {
  loading ??= load().catch((thrown: unknown) => {
    // Offline before the first visit was over: the next attempt starts anew.
    loading = undefined;
    throw thrown;
  });
  return loading;
}

async function load(): Promise<ParquetModule> {
  const [parquet, wasm] = await Promise.all([
    import('parquet-wasm/esm'),
    import('parquet-wasm/esm/parquet_wasm_bg.wasm?url'),
  ]);
  await parquet.default({module_or_path: wasm.default});
  return parquet;
}

/**
 * Runs work of the library. On damaged data it may panic in a task of its own: the error reaches only the worker's global
 * scope and the call never answers, so that error is the answer here. The library stays usable.
 */
export async function withPanics<T>(work: Promise<T>): Promise<T> {
  // In Node there is no such event, and no such scope.
  const scope = globalThis as Partial<Pick<typeof globalThis, 'addEventListener' | 'removeEventListener'>>;
  let listener: (event: ErrorEvent) => void = () => undefined;
  const panic = new Promise<never>((_, reject) => {
    listener = (event) => {
      if (!(event.error instanceof WebAssembly.RuntimeError)) return;
      event.preventDefault();
      reject(event.error);
    };
  });
  scope.addEventListener?.('error', listener);
  try {
    return await Promise.race([work, panic]);
  } finally {
    scope.removeEventListener?.('error', listener);
  }
}
