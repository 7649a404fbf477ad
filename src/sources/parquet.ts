import {ProblemError, type Problem} from '../lib/problem.ts';
import {lit, sql} from '../sql/sql.ts';
import {defineFiles} from './define.ts';
import {readArrowFile} from './shared/arrow.ts';
import {typedInSpark} from './shared/spark.ts';
import {filesInScript, shownCall} from './shared/sql.ts';

export const parquet = defineFiles('parquet', {
  options: [],
  read: async (...given) => ({hasRejects: await readArrowFile(...given)}),
  async readFolder({engine, storage}, {name, place, files}, {table, signal, onProgress}) {
    const partition = files.find(({path}) => /(^|\/)[^/=]+=[^/]*\//.test(path.slice(place.length)));
    if (partition !== undefined) throw new ProblemError(isPartitioned(name, partition.path));
    let isMade = false;
    let done = 0;
    for (const {path, file} of files) {
      const insert = async (ipc: Uint8Array): Promise<void> => {
        await engine.insert(table, ipc, !isMade, {signal});
        isMade = true;
      };
      await storage.readParquetFile(path, file, insert, {signal});
      done += file.size;
      onProgress({done, total: done});
    }
  },
  shown: (files, options) => shownCall('read_parquet', files, options),
  toPySpark: (load) => typedInSpark(load, 'parquet'),
  spark: {packages: []},
  toScript: (load) =>
    filesInScript(
      load,
      () => true,
      ({name}) => sql`read_parquet(${lit(name)})`,
    ),
});

const isPartitioned = (name: string, path: string): Problem => ({
  code: 'OUTPUT_PARTITIONED',
  message: `${name} was written in folders by value, as in ${path}, so its files lack columns.`,
  hint: 'Write it without partitionBy, or as a Delta table, which knows the values.',
  where: {file: path},
});
