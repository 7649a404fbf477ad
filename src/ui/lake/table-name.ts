/** Whether cells can read a table of this name. */
export const isTableName = (name: string): boolean => /^[A-Za-z_]\w*$/.test(name);

/** A name a table may have, made of a file's or a folder's. */
export const tableNameOf = (name: string): string =>
  name
    .replace(/\.zip$/i, '')
    .replace(/[^A-Za-z0-9_]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .replace(/^(?=\d)/, 't_') || 'table';
