const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const letters = Uint8Array.from(alphabet, (letter) => letter.charCodeAt(0));
const pad = '='.charCodeAt(0);
const none = 255;
const values = new Uint8Array(256).fill(none);
letters.forEach((letter, value) => (values[letter] = value));

/** Base64url (RFC 4648, with padding) of bytes that come piece by piece, as the bytes of its letters. */
export class Base64UrlEncoder {
  #rest = new Uint8Array();

  push(bytes: Uint8Array): Uint8Array {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const whole = all.length - (all.length % 3);
    this.#rest = all.slice(whole);
    return encode(all, whole);
  }

  end(): Uint8Array {
    const length = this.#rest.length;
    if (length === 0) return new Uint8Array();
    const padded = new Uint8Array(3);
    padded.set(this.#rest);
    return encode(padded, 3).fill(pad, length + 1);
  }
}

function encode(bytes: Uint8Array, length: number): Uint8Array {
  const text = new Uint8Array((length / 3) * 4);
  for (let from = 0, to = 0; from < length; from += 3, to += 4) {
    const group = ((bytes[from] ?? 0) << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0);
    text[to] = letters[group >> 18] ?? 0;
    text[to + 1] = letters[(group >> 12) & 63] ?? 0;
    text[to + 2] = letters[(group >> 6) & 63] ?? 0;
    text[to + 3] = letters[group & 63] ?? 0;
  }
  return text;
}

export function encodeBase64Url(bytes: Uint8Array): string {
  const encoder = new Base64UrlEncoder();
  const decoder = new TextDecoder();
  return decoder.decode(encoder.push(bytes)) + decoder.decode(encoder.end());
}

/** The bytes of whole groups of four letters, padded at the very end or not at all; undefined for anything else. */
export function decodeBase64Url(text: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.at(-1) !== pad ? 0 : text.at(-2) !== pad ? 1 : 2;
  const bytes = new Uint8Array((text.length / 4) * 3);
  const last = text.length - 4;
  let odd = 0;
  for (let from = 0, to = 0; from < text.length; from += 4, to += 3) {
    const a = values[text[from] ?? 0] ?? none;
    const b = values[text[from + 1] ?? 0] ?? none;
    const c = from === last && padding === 2 ? 0 : (values[text[from + 2] ?? 0] ?? none);
    const d = from === last && padding > 0 ? 0 : (values[text[from + 3] ?? 0] ?? none);
    odd |= a | b | c | d;
    const group = (a << 18) | (b << 12) | (c << 6) | d;
    bytes[to] = group >> 16;
    bytes[to + 1] = group >> 8;
    bytes[to + 2] = group;
  }
  return (odd & 0xc0) === 0 ? bytes.subarray(0, bytes.length - padding) : undefined;
}
