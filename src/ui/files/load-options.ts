import type {FilePreview} from '../../notebook/preview.ts';
import type {Params} from '../../params/index.ts';
import {databaseNames} from '../../lib/file-format.ts';
import type {FileFormat} from '../../ports/index.ts';
import type {Step} from '../../steps/define.ts';

/** Only a CSV file is read by these. */
const ofCsv = new Set(['delimiter', 'quote', 'decimal', 'header', 'skip', 'null_strings', 'timestamp_format']);
/** Chosen elsewhere in the preview: the files by dropping them, types in the columns' heads, a database's tables in their list. */
const elsewhere = new Set(['file', 'schema', 'table']);

/** Whether a file of this format is text, in an encoding. */
export const isText = (format: FileFormat): boolean => format === 'csv' || format === 'json';

/** The load step's parameters that the preview offers for a format. */
export function optionsFor(steps: readonly Step[], format: FileFormat | undefined): Params {
  const params = steps.find((step) => step.kind === 'load')?.params ?? {};
  return Object.fromEntries(
    Object.entries(params).filter(
      ([name]) =>
        !elsewhere.has(name) &&
        (format === undefined || format === 'csv' || !ofCsv.has(name)) &&
        !(name === 'encoding' && format !== undefined && !isText(format)),
    ),
  );
}

const names: Readonly<Record<string, string>> = {'\t': 'tab', ' ': 'space', '': 'none'};
const shown = (text: string): string => names[text] ?? text;

/** What was found out about the file, as the form's placeholders. */
export function foundIn(preview: FilePreview | undefined): Readonly<Record<string, string>> {
  if (preview === undefined) return {};
  const {sniffed, detected} = preview;
  if (detected === undefined) return {format: sniffed.format, encoding: sniffed.encoding};
  return {
    format: sniffed.format,
    encoding: sniffed.encoding,
    delimiter: shown(detected.delimiter),
    quote: shown(detected.quote),
    decimal: detected.decimal,
    header: detected.header ? 'yes' : 'no',
    skip: String(detected.skip),
    ...(detected.timestampFormat === undefined ? {} : {timestamp_format: detected.timestampFormat}),
  };
}

export const formatName = (format: FileFormat): string =>
  ({csv: 'CSV', json: 'JSON', parquet: 'Parquet', ...databaseNames})[format];
