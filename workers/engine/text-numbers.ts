/** Numbers texts from 0 in the order in which they first come; equal texts have the same number. A text is a run of UTF-8 bytes. */
export class TextNumbers {
  /** Where each text starts in `#bytes`; one more than there are texts. */
  #starts = new Int32Array(1024);
  #bytes = new Uint8Array(16_384);
  /** Open addressing: number + 1 of the text in each place, 0 where there is none. */
  #places = new Int32Array(2048);
  #size = 0;
  #last = -1;

  /** How many texts there are. */
  get size(): number {
    return this.#size;
  }

  /** The number of the text from `from` to `to`. */
  of(bytes: Uint8Array, from: number, to: number): number {
    // Readings come sensor by sensor, or all sensors in turn.
    if (this.#last >= 0 && this.#is(this.#last, bytes, from, to)) return this.#last;
    if (this.#last + 1 < this.#size && this.#is(this.#last + 1, bytes, from, to)) return ++this.#last;
    const mask = this.#places.length - 1;
    let place = hash(bytes, from, to) & mask;
    for (;;) {
      const found = (this.#places[place] ?? 0) - 1;
      if (found < 0) break;
      if (this.#is(found, bytes, from, to)) return (this.#last = found);
      place = (place + 1) & mask;
    }
    this.#places[place] = this.#size + 1;
    this.#add(bytes, from, to);
    return (this.#last = this.#size - 1);
  }

  #is(number: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.#starts[number] ?? 0;
    if ((this.#starts[number + 1] ?? 0) - start !== to - from) return false;
    const own = this.#bytes;
    for (let i = start, at = from; at < to; i++, at++) if (own[i] !== bytes[at]) return false;
    return true;
  }

  #add(bytes: Uint8Array, from: number, to: number): void {
    const start = this.#starts[this.#size] ?? 0;
    const end = start + to - from;
    if (end > this.#bytes.length)
      this.#bytes = grown(this.#bytes, new Uint8Array(Math.max(end, 2 * this.#bytes.length)));
    this.#bytes.set(bytes.subarray(from, to), start);
    this.#size++;
    if (this.#size >= this.#starts.length) this.#starts = grown(this.#starts, new Int32Array(2 * this.#starts.length));
    this.#starts[this.#size] = end;
    if (2 * this.#size > this.#places.length) this.#rehash();
  }

  #rehash(): void {
    this.#places = new Int32Array(2 * this.#places.length);
    const mask = this.#places.length - 1;
    for (let number = 0; number < this.#size; number++) {
      let place = hash(this.#bytes, this.#starts[number] ?? 0, this.#starts[number + 1] ?? 0) & mask;
      while (this.#places[place] !== 0) place = (place + 1) & mask;
      this.#places[place] = number + 1;
    }
  }
}

function grown<T extends {set(values: T): void}>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

/** FNV-1a. */
function hash(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0x811c9dc5;
  for (let i = from; i < to; i++) sum = Math.imul(sum ^ (bytes[i] ?? 0), 0x01000193);
  return sum ^ (sum >>> 15);
}
