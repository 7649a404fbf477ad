const digits = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';

/** The bytes of a Z85 text (https://rfc.zeromq.org/spec/32/): five characters for each four of them. Throws for any other text. */
export function z85(text: string): Uint8Array {
  if (text.length % 5 !== 0) throw new Error(`${text.length} characters are no Z85 text.`);
  const view = new DataView(new ArrayBuffer((text.length / 5) * 4));
  for (let at = 0; at < text.length; at += 5) {
    let value = 0;
    for (const character of text.slice(at, at + 5)) {
      const digit = digits.indexOf(character);
      if (digit < 0) throw new Error(`${character} is no character of Z85.`);
      value = value * 85 + digit;
    }
    if (value > 0xffffffff) throw new Error(`${text.slice(at, at + 5)} is no Z85 text.`);
    view.setUint32((at / 5) * 4, value);
  }
  return new Uint8Array(view.buffer);
}
