import {lit, sql} from '../sql/sql.ts';
import type {FolderSource} from './define.ts';

export const delta = {
  kind: 'folder',
  name: 'delta',
  title: 'Delta table',
  holds: (paths) => paths.some((path) => /(^|\/)_delta_log\/[^/]+$/.test(path)),
  roots: (paths) => [...new Set(paths.flatMap((path) => /^(.*?\/|)_delta_log\/\d{20}\./.exec(path)?.[1] ?? []))],
  async readFolder(ports, {name, files}, into) {
    const {allFiles, fillTable} = await import('../tables/lake-read.ts');
    const plan = await ports.lake.openFiles(name, files);
    try {
      await fillTable(ports, plan, allFiles(plan), into);
    } finally {
      await ports.lake.closeRead(plan.reader).catch(() => undefined);
    }
  },
  spark: {packages: ['io.delta:delta-spark_2.13:4.0.1']},
  script: {
    before: ['INSTALL delta;', 'LOAD delta;'],
    rows: (folder) => sql`FROM delta_scan(${lit(folder)})`,
  },
} as const satisfies FolderSource;
