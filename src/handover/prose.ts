/** A text in lines of at most `width` characters where it can be broken at spaces; its own line ends stay. */
export function wrapped(text: string, width: number): string[] {
  return text.split(/\r\n|[\r\n\u2028\u2029]/).flatMap((line) => {
    const lines: string[] = [];
    let rest = line.trimEnd();
    while (rest.length > width) {
      const space = rest.lastIndexOf(' ', width);
      const end = rest.slice(0, Math.max(space, 0)).trim() === '' ? rest.indexOf(' ', width) : space;
      if (end < 0) break;
      lines.push(rest.slice(0, end).trimEnd());
      rest = rest.slice(end + 1);
    }
    return [...lines, rest];
  });
}

/** A file's name without its folder and ending. */
export const baseName = (path: string): string => (path.split('/').at(-1) ?? '').replace(/\.[^.]*$/, '') || 'notebook';
