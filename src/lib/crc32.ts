/** Eight tables of 256: what a byte does to the checksum with 0 to 7 bytes behind it, so that eight bytes go in one step. */
const tables = new Int32Array(8 * 256);
for (let byte = 0; byte < 256; byte++) {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  tables[byte] = value;
}
for (let at = 256; at < tables.length; at++) {
  const before = tables[at - 256] ?? 0;
  tables[at] = (before >>> 8) ^ (tables[before & 0xff] ?? 0);
}

const after = (value: number, bytesBehind: number): number => tables[bytesBehind * 256 + (value & 0xff)] ?? 0;

/** The CRC-32 of zip files and zlib (ISO 3309) of `bytes` behind those whose checksum is `crc`. */
export function crc32(bytes: Uint8Array, crc = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const whole = bytes.length - (bytes.length % 8);
  let value = ~crc;
  for (let at = 0; at < whole; at += 8) {
    const low = value ^ view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    value =
      after(low, 7) ^
      after(low >>> 8, 6) ^
      after(low >>> 16, 5) ^
      after(low >>> 24, 4) ^
      after(high, 3) ^
      after(high >>> 8, 2) ^
      after(high >>> 16, 1) ^
      after(high >>> 24, 0);
  }
  for (let at = whole; at < bytes.length; at++) value = (value >>> 8) ^ after(value ^ view.getUint8(at), 0);
  return ~value >>> 0;
}
