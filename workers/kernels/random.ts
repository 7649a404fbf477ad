/** Uniform numbers in [0, 1). */
export type Random = () => number;

/**
 * A seeded generator of doubles: Chris Doty-Humphrey's sfc32 (128 bits of state, passes PractRand), seeded by splitmix32.
 * Each double takes 53 bits from two outputs, so equal seeds give equal numbers on every machine.
 */
export function seededRandom(seed: number): Random {
  let mixer = seed | 0;
  const splitmix = (): number => {
    mixer = (mixer + 0x9e3779b9) | 0;
    let z = Math.imul(mixer ^ (mixer >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
  let a = splitmix();
  // The seed's high word, so that seeds beyond 32 bits differ too.
  mixer ^= Math.floor(seed / 2 ** 32) | 0;
  let b = splitmix();
  let c = splitmix();
  let counter = 1;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
}
