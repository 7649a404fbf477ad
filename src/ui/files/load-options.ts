import type {FilePreview} from '../../notebook/preview.ts';
import type {Params} from '../../params/index.ts';
import {fileSource} from '../../sources/index.ts';
import type {FileFormat} from '../../sources/signatures.ts';
import {stepOf} from '../../steps/index.ts';

/** Offered for every format. */
const always = ['format', 'filename'];
/** Chosen elsewhere in the preview: the files by dropping them, types in the columns' heads, a database's tables in their list. */
const elsewhere = ['file', 'schema', 'table'];

/** The load step's parameters that the preview offers for a format; all of them while it isn't known. */
export function optionsFor(format: FileFormat | undefined): Params {
  const params = stepOf('load')?.params ?? {};
  const own: readonly string[] = format === undefined ? Object.keys(params) : fileSource(format).options;
  return Object.fromEntries(
    Object.entries(params).filter(
      ([name]) => !elsewhere.includes(name) && (always.includes(name) || own.includes(name)),
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
