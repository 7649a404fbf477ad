export interface Piece {
  readonly text: string;
  readonly kind: 'plain' | 'keyword' | 'string' | 'number' | 'comment';
}

const sqlWords =
  'all and any as asc at between by case cast create cross desc describe distinct else end except exclude exists false filter first following from full group having if ilike in inner intersect interval is join last lateral left like limit not null nulls offset on or order outer over partition positional preceding qualify range replace right row rows select semi anti table then true try_cast unbounded union unnest using values view when where window with';
const pythonWords =
  'and as assert break class continue def del elif else except False finally for from global if import in is lambda None not or pass raise return True try while with yield';

const languages = {
  sql: {
    words: new Set(sqlWords.split(' ')),
    insensitive: true,
    tokens:
      /(--[^\n]*|\/\*[\s\S]*?\*\/)|('(?:[^']|'')*')|("(?:[^"]|"")*")|(\b\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|([A-Za-z_]\w*)/g,
  },
  python: {
    words: new Set(pythonWords.split(' ')),
    insensitive: false,
    tokens:
      /(#[^\n]*)|("""[\s\S]*?"""|'''[\s\S]*?'''|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")|(\0)|(\b\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|([A-Za-z_]\w*)/g,
  },
} as const;

/** Code cut into pieces to colour: enough for reading, no parser. */
export function highlight(code: string, language: keyof typeof languages): Piece[] {
  const {words, insensitive, tokens} = languages[language];
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of code.matchAll(tokens)) {
    const [text, comment, string, , number, word] = match;
    const kind =
      comment !== undefined
        ? 'comment'
        : string !== undefined
          ? 'string'
          : number !== undefined
            ? 'number'
            : word !== undefined && words.has(insensitive ? word.toLowerCase() : word)
              ? 'keyword'
              : undefined;
    if (kind === undefined) continue;
    if (match.index > end) pieces.push({text: code.slice(end, match.index), kind: 'plain'});
    pieces.push({text, kind});
    end = match.index + text.length;
  }
  if (end < code.length) pieces.push({text: code.slice(end), kind: 'plain'});
  return pieces;
}
