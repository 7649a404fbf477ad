/** The library reads every column with reads of its own, and each costs more than reading a few megabytes at once. */
const smallBytes = 4 << 20;

/** The same bytes, in memory when they are few. */
export async function held(file: Blob): Promise<Blob> {
  return file.size > smallBytes ? file : new HeldBlob(new Uint8Array(await file.arrayBuffer()));
}

/** A Blob whose bytes are here already: no read of it leaves the worker. */
class HeldBlob extends Blob {
  constructor(private readonly held: Uint8Array<ArrayBuffer>) {
    super();
  }

  override get size(): number {
    return this.held.length;
  }

  override slice(start = 0, end = this.held.length): Blob {
    return new HeldBlob(this.held.subarray(start, end));
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return Promise.resolve(this.held.slice().buffer);
  }
}
