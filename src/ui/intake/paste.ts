import {textFormat} from '../../sources/signatures.ts';

/** The ending for a text that is a table: JSON, or lines with as many delimiters each; undefined for any other text. */
export function tableEnding(text: string): string | undefined {
  if (textFormat(text, '') === jsonEnding) return jsonEnding;
  const lines = text
    .replace(/"(?:[^"]|"")*"/g, '')
    .trim()
    .split(/\r\n|[\r\n]/)
    .slice(0, 20);
  const counts = (delimiter: string): readonly number[] => lines.map((line) => line.split(delimiter).length - 1);
  const isEven = ([first = 0, ...others]: readonly number[]): boolean =>
    first > 0 && others.length > 0 && others.every((count) => count === first);
  if (isEven(counts('\t'))) return 'tsv';
  return [',', ';', '|'].some((delimiter) => isEven(counts(delimiter))) ? 'csv' : undefined;
}

const jsonEnding = 'json';

/** A name for pasted text that no file has: no notebook may read another one's by mistake. */
export function freeName(ending: string, taken: readonly string[]): string {
  for (let n = 1; ; n++) {
    const name = `${n === 1 ? 'pasted' : `pasted-${n}`}.${ending}`;
    if (!taken.includes(name)) return name;
  }
}

/** The files on the clipboard, or its text as one where that is a table. */
export function pasted(data: DataTransfer, taken: readonly string[]): readonly File[] {
  if (data.files.length > 0) return [...data.files];
  const text = data.getData('text/plain');
  const ending = tableEnding(text);
  return ending === undefined ? [] : [new File([text], freeName(ending, taken))];
}
