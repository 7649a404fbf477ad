import type {PGlite} from '@electric-sql/pglite';
import {pgDump} from '@electric-sql/pglite-tools/pg_dump';
import {ask, Failed, texts} from './ask.ts';

/** What pg_dump writes of a database but its rows: what comes before them, and what after (keys, indexes, constraints). */
async function section(pg: PGlite, name: 'pre-data' | 'post-data'): Promise<string> {
  try {
    const file = await pgDump({pg, args: [`--section=${name}`, '--no-owner', '--no-privileges']});
    // A setting of PostgreSQL 17 that an older server would refuse.
    return (await file.text()).replace(/^SET transaction_timeout = 0;\n/m, '');
  } catch (thrown) {
    throw new Failed({state: '', message: thrown instanceof Error ? thrown.message : String(thrown)});
  } finally {
    // pg_dump used this very session, and leaves it inside its transaction and with its settings.
    await ask(pg, 'ROLLBACK');
    await ask(pg, 'DISCARD ALL');
  }
}

const tables = `SELECT format('%I.%I', n.nspname, c.relname),
  (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`;

const sequences = `SELECT format('SELECT pg_catalog.setval(%L, %s, true);', format('%I.%I', schemaname, sequencename), last_value) FROM pg_sequences WHERE last_value IS NOT NULL ORDER BY 1`;

/** The database as SQL: pg_dump's own statements, with the rows as COPY between them, which psql loads many times faster than INSERT. */
export async function dumpDatabase(pg: PGlite): Promise<Blob> {
  const parts: BlobPart[] = [await section(pg, 'pre-data')];
  for (const [table = '', columns] of await texts(pg, tables)) {
    if (columns == null) continue;
    await ask(pg, `COPY ${table ?? ''} (${columns}) TO '/dev/blob'`);
    const rows = await pg._getWrittenBlob();
    parts.push(`COPY ${table ?? ''} (${columns}) FROM stdin;\n`, ...(rows === undefined ? [] : [rows]), '\\.\n\n');
  }
  for (const [setval] of await texts(pg, sequences)) parts.push(`${setval ?? ''}\n`);
  parts.push(await section(pg, 'post-data'));
  return new Blob(parts, {type: 'application/sql'});
}
