const directoryBytes = 8_000_000;

/** The names in a zip's directory, which is at its end. */
export async function namesInZip(zip: File): Promise<string[]> {
  const end = new Uint8Array(await zip.slice(Math.max(0, zip.size - directoryBytes)).arrayBuffer());
  // A directory entry: its signature, 42 bytes of figures with the name's length among them, its name.
  return [...new TextDecoder('latin1').decode(end).matchAll(/PK\x01\x02/g)].map(({index}) => {
    const length = (end[index + 28] ?? 0) + 256 * (end[index + 29] ?? 0);
    return new TextDecoder().decode(end.subarray(index + 46, index + 46 + length));
  });
}
