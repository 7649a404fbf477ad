type Pattern = {readonly ok: true; readonly pattern: string} | {readonly ok: false; readonly found: string};

const written: Readonly<Record<string, string>> = {
  Y: 'yyyy',
  y: 'yy',
  m: 'MM',
  d: 'dd',
  H: 'HH',
  I: 'hh',
  M: 'mm',
  S: 'ss',
  f: 'SSSSSS',
  g: 'SSS',
  p: 'a',
  j: 'DDD',
  a: 'EEE',
  A: 'EEEE',
  b: 'MMM',
  h: 'MMM',
  B: 'MMMM',
  '-d': 'd',
  '-m': 'M',
  '-H': 'H',
  '-I': 'h',
  '-M': 'm',
  '-S': 's',
  '-j': 'D',
};

// strptime takes one digit where two are usual, as Spark does for a letter alone.
const read: Readonly<Record<string, string>> = {
  ...written,
  d: 'd',
  m: 'M',
  H: 'H',
  I: 'h',
  M: 'm',
  S: 's',
  '-d': 'd',
  '-m': 'M',
  f: 'SSSSSS',
};
const digits = new Set(['Y', 'y', 'm', 'd', 'H', 'I', 'M', 'S', 'f', 'g', 'j']);

const literal = (text: string): string => (/^[^A-Za-z'[\]{}#]*$/.test(text) ? text : `'${text.replaceAll("'", "''")}'`);

function translate(format: string, letters: (code: string, joined: boolean) => string | undefined): Pattern {
  const pieces = [...format.matchAll(/%(-?[A-Za-z%])|[^%]+/g)];
  let pattern = '';
  for (const [i, piece] of pieces.entries()) {
    const code = piece[1];
    if (code === undefined) pattern += literal(piece[0]);
    else if (code === '%') pattern += '%';
    else {
      const beside = [pieces[i - 1]?.[1], pieces[i + 1]?.[1]].some(
        (other) => other !== undefined && digits.has(other.replace('-', '')),
      );
      const letter = letters(code, beside);
      if (letter === undefined) return {ok: false, found: `%${code}`};
      pattern += letter;
    }
  }
  return {ok: true, pattern};
}

/** A strftime format as a Spark pattern for writing times. */
export const writePattern = (format: string): Pattern => translate(format, (code) => written[code]);

/** A strptime format as a Spark pattern for reading times. */
export const readPattern = (format: string): Pattern =>
  translate(format, (code, joined) =>
    code === 'y' || code === 'a' || code === 'A' ? undefined : joined ? written[code] : read[code],
  );
