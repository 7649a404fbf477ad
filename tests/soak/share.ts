const isPart = process.env['LAKEBOOK_SOAK'] === 'part';
const seed = Number(process.env['LAKEBOOK_SEED']);
if (!Number.isInteger(seed)) throw new Error('npm run soak gives the seed.');

/** How often something is tried: of `whole` times the part that continuous integration has the time for. */
export const share = (whole: number, part: number): number => (isPart ? part : whole);

/** Numbers from 0 up to 1 (xorshift32), the same for the same seed and name. */
export function random(name: string): () => number {
  let state = [...`${seed} ${name}`].reduce(
    (sum, letter) => Math.imul(sum ^ letter.charCodeAt(0), 16777619),
    2166136261,
  );
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
