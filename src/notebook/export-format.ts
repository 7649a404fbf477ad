import type {Encryption, ParquetCompression} from '../ports/index.ts';

export const exportFormats = ['parquet', 'csv', 'json', 'arrow'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportOptions {
  /** Of Parquet. */
  readonly compression?: ParquetCompression;
  /** The plain bytes are never stored then. */
  readonly encrypt?: Encryption | undefined;
}
