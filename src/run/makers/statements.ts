import {id, sql, type Sql} from '../../sql/sql.ts';

export const createAs = (table: string, rows: Sql): Sql => sql`CREATE OR REPLACE TABLE ${id(table)} AS ${rows}`;
