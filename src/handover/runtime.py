"""DOCSTRING"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

# <imports>

log = logging.getLogger('NAME')


class Cell(NamedTuple):
    """A cell of the notebook: what its function takes, and the tables that it gives."""

    name: str
    run: Callable[..., Any]
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    # <lake>
    live: bool = False
    # </lake>
    # <layers>
    layer: str = ''
    # </layers>
    # <postgres>
    psql: bool = False
    # </postgres>


# <cells>

CELLS: list[Cell] = []

PARAMS: dict[str, Any] = {}

# How a cell is run. Everything below is the same in every job that Lakebook writes.


def main(argv: list[str] | None = None) -> int:
    """Runs the cells in order; 0 when all went well, 1 when one failed, 2 when the command line is wrong."""
    args = arguments(argv)
    logging.basicConfig(level=logging.INFO, format='%(asctime)s %(levelname)s %(message)s', stream=sys.stderr)
    logging.getLogger('py4j').setLevel(logging.WARNING)
    if args.list:
        for cell in CELLS:
            print(cell.name)
        return 0
    started = time.monotonic()
    try:
        spark = session(args)
    except Exception as error:
        log.error('Spark can’t be used: %s', error if args.verbose else problem(error), exc_info=args.verbose)
        return 1
    done = run_cells(spark, args)
    if done:
        log.info('done in %.1f s; the rows are in %s', time.monotonic() - started, args.output)
    return 0 if done else 1


def arguments(argv: list[str] | None) -> argparse.Namespace:
    names = [cell.name for cell in CELLS]
    parser = argparse.ArgumentParser(allow_abbrev=False, description=(__doc__ or '').split('\n')[0])
    parser.add_argument('--input', default='.', metavar='DIR', help='folder of the input files, here or at s3a:// (default: %(default)s)')
    parser.add_argument('--output', default='output', metavar='DIR', help='folder for the rows of each cell, as Parquet (default: %(default)s)')
    # <lake>
    parser.add_argument('--lake', default='lake', metavar='DIR', help='folder of the Delta tables (default: %(default)s)')
    # </lake>
    # <postgres>
    parser.add_argument('--jdbc', metavar='URL', help='address of PostgreSQL, jdbc:postgresql://…; else PGHOST, PGPORT and PGDATABASE say it. The login is PGUSER and PGPASSWORD')
    parser.add_argument('--skip-postgres', action='store_true', help='write nothing to PostgreSQL and ask it nothing; rows of psql cells are read from --output')
    # </postgres>
    parser.add_argument('--from', dest='first', metavar='CELL', choices=names, help='begin with this cell; rows of earlier ones are read from --output')
    parser.add_argument('--skip', action='append', default=[], metavar='CELL', choices=names, help='leave this cell out; its rows are read from --output')
    # <layers>
    layers = dict.fromkeys(cell.layer for cell in CELLS if cell.layer)
    # <postgres>
    layers.pop('postgres', None)
    # </postgres>
    for layer in layers:
        cells = ', '.join(cell.name for cell in CELLS if cell.layer == layer)
        parser.add_argument(f'--skip-{layer}', action='append_const', dest='skip_layers', const=layer, default=[], help=f'leave out what stands under the heading of that name: {cells}')
    # </layers>
    parser.add_argument('--list', action='store_true', help='print the names of the cells, and run none')
    parser.add_argument('--verbose', action='store_true', help="show Spark's own messages, and the whole trace of an error")
    # <params>
    for name, value in PARAMS.items():
        parser.add_argument(f'--param-{name}' if f'--{name}' in RESERVED else f'--{name}', dest=f'param_{name}', type=kind_of(value), default=value, help='(default: %(default)s)')
    # </params>
    args = parser.parse_args(argv)
    # <layers>
    # <postgres>
    args.skip_layers += ['postgres'] if args.skip_postgres else []
    # </postgres>
    args.skip += [cell.name for cell in CELLS if cell.layer in args.skip_layers]
    # </layers>
    return args


# <params>
RESERVED = ('--input', '--output', '--lake', '--from', '--skip', '--list', '--verbose', '--help')
# <postgres>
RESERVED += ('--jdbc', '--skip-postgres')
# </postgres>


def kind_of(value: Any) -> Callable[[str], Any]:
    """How a parameter is read from the command line: as what its default is."""
    if isinstance(value, bool):
        return truth
    return number if isinstance(value, (int, float)) else str


def number(text: str) -> int | float:
    return int(text) if text.lstrip('+-').isdigit() else float(text)


def truth(text: str) -> bool:
    if text.lower() not in ('true', 'false'):
        raise argparse.ArgumentTypeError(f'{text} is neither true nor false')
    return text.lower() == 'true'


# </params>
# <literal>
def literal(value: Any) -> str:
    """A value as Spark SQL writes it: text stays text, whatever is in it."""
    if isinstance(value, str):
        return "'" + value.replace('\\', '\\\\').replace("'", "\\'") + "'"
    return f'({value})' if str(value).startswith('-') else str(value)


# </literal>
def session(args: argparse.Namespace) -> SparkSession:
    """The session that is there, as on Databricks and EMR, or a new one."""
    running = SparkSession.getActiveSession()
    spark = running or new_session()
    if running is None and not args.verbose:
        spark.sparkContext.setLogLevel('ERROR')
    settle(spark)
    # <lake>
    open_lake(spark, args.lake)
    # </lake>
    return spark


def settle(spark: SparkSession) -> None:
    """Times mean the same wherever this runs, and what can't be computed is an error."""
    spark.conf.set('spark.sql.session.timeZone', 'UTC')
    spark.conf.set('spark.sql.ansi.enabled', 'true')
    spark.conf.set('spark.sql.parquet.inferTimestampNTZ.enabled', 'false')
    spark.conf.set('spark.sql.parquet.outputTimestampType', 'TIMESTAMP_MICROS')
    # Rows that are kept would lie in 200 partitions, a file and a task each, however few they are.
    spark.conf.set('spark.sql.optimizer.canChangeCachedPlanOutputPartitioning', 'true')
    # <lake>
    if spark.conf.get('spark.master', '').startswith('local') and spark.conf.get('spark.databricks.delta.snapshotPartitions', None) is None:
        # The log of a table is read in 50 tasks, which are a cluster's.
        spark.conf.set('spark.databricks.delta.snapshotPartitions', '2')
    # </lake>


def new_session() -> SparkSession:
    """Keys for s3a:// come from the environment (AWS_ACCESS_KEY_ID …) or the machine's role, never from here."""
    builder = SparkSession.builder.appName('NAME')
    settings = {
        'spark.sql.adaptive.enabled': 'true',
        'spark.sql.execution.arrow.pyspark.enabled': 'true',
        # <lake>
        'spark.sql.extensions': 'io.delta.sql.DeltaSparkSessionExtension',
        'spark.sql.catalog.spark_catalog': 'org.apache.spark.sql.delta.catalog.DeltaCatalog',
        # </lake>
    }
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


# <postgres>
postgres: dict[str, Any] = {'jdbc': None, 'skip': False}


def postgres_login() -> dict[str, str]:
    """Where PostgreSQL is, and who asks: from the environment, as psql takes it, never from here."""
    host = os.environ.get('PGHOST')
    if postgres['jdbc'] is None and host is None:
        raise LookupError('where PostgreSQL is isn’t said: set PGHOST, PGUSER and PGPASSWORD, or leave it out with --skip-postgres')
    url = postgres['jdbc'] or f'jdbc:postgresql://{host}:{os.environ.get("PGPORT", "5432")}/{os.environ.get("PGDATABASE", "postgres")}'
    return {'url': url, 'user': os.environ.get('PGUSER', 'postgres'), 'password': os.environ.get('PGPASSWORD', ''), 'driver': 'org.postgresql.Driver'}


def postgres_connection(spark: SparkSession) -> Any:
    login = postgres_login()
    properties = spark._jvm.java.util.Properties()
    for key in ('user', 'password'):
        properties.setProperty(key, login[key])
    try:
        driver = spark._jvm.org.postgresql.Driver()
    except TypeError as error:
        raise LookupError('PostgreSQL’s driver isn’t there: add --packages org.postgresql:postgresql:42.7.7') from error
    return driver.connect(login['url'], properties)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def write_postgres(
    frame: DataFrame,
    table: str,
    columns: dict[str, str],
    keys: tuple[str, ...] = (),
    indexes: tuple[str, ...] = (),
    merge_schema: bool = False,
    overwrite_schema: bool = False,
) -> DataFrame:
    """Writes the rows to a table of PostgreSQL in one transaction, and hands them on: with keys those that are there are updated, without they replace the table's."""
    if postgres['skip']:
        return frame
    spark = frame.sparkSession
    connection = postgres_connection(spark)
    staging = f'lakebook_rows_{uuid.uuid4().hex}'
    try:
        # What has no type in PostgreSQL goes as JSON; the columns are named by their place, whatever their names hold.
        sent = [F.to_json(frame[i]) if columns[name] == 'jsonb' else frame[i] for i, name in enumerate(frame.columns)]
        rows = frame.select(*[column.alias(f'c{i}') for i, column in enumerate(sent)])
        rows.write.format('jdbc').options(**postgres_login(), dbtable=staging).mode('overwrite').save()
        connection.setAutoCommit(False)
        run = connection.createStatement()
        run.execute("SET TIME ZONE 'UTC'")
        there, primary = postgres_table(run, table)
        if there and overwrite_schema:
            run.execute(f'DROP TABLE {quoted(table)}')
        if not there or overwrite_schema:
            primary_key = [f'PRIMARY KEY ({", ".join(map(quoted, keys))})'] if keys else []
            run.execute(f'CREATE TABLE {quoted(table)} ({", ".join([f"{quoted(name)} {kind}" for name, kind in columns.items()] + primary_key)})')
        else:
            added = [name for name in columns if name not in there] if merge_schema else []
            differ = [name for name, kind in columns.items() if name not in added and there.get(name) != kind]
            if differ:
                raise ValueError(f'the rows don’t fit the table {table} of PostgreSQL: {", ".join(differ)}')
            if primary != list(keys):
                raise ValueError(f'the primary key of the table {table} of PostgreSQL is {primary}, not {list(keys)}')
            for name in added:
                run.execute(f'ALTER TABLE {quoted(table)} ADD COLUMN {quoted(name)} {columns[name]}')
            if not keys:
                run.execute(f'TRUNCATE {quoted(table)}')
        values = ', '.join(f'c{i}::{columns[name]}' for i, name in enumerate(frame.columns))
        put = f'INSERT INTO {quoted(table)} ({", ".join(map(quoted, frame.columns))}) SELECT {values} FROM {staging}'
        if keys:
            others = [quoted(name) for name in frame.columns if name not in keys]
            update = f'UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in others)}' if others else 'NOTHING'
            put += f' ON CONFLICT ({", ".join(map(quoted, keys))}) DO {update}'
        run.execute(put)
        for name in indexes:
            run.execute(f'CREATE INDEX IF NOT EXISTS {quoted(f"{table}_{name}_idx"[:63])} ON {quoted(table)} ({quoted(name)})')
        connection.commit()
    finally:
        if not connection.getAutoCommit():
            connection.rollback()
        connection.setAutoCommit(True)
        connection.createStatement().execute(f'DROP TABLE IF EXISTS {staging}')
        connection.close()
    return frame


def postgres_table(run: Any, table: str) -> tuple[dict[str, str], list[str]]:
    """The columns of a table with their types, and its primary key; none when there is no such table."""
    name = quoted(table).replace("'", "''")
    found = run.executeQuery(
        'SELECT a.attname, format_type(a.atttypid, a.atttypmod), coalesce(array_position(i.indkey::smallint[], a.attnum), -1) FROM pg_attribute a '
        f"LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary WHERE a.attrelid = to_regclass('{name}') AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
    )
    there, primary = {}, {}
    while found.next():
        there[found.getString(1)] = found.getString(2)
        if found.getInt(3) >= 0:
            primary[found.getInt(3)] = found.getString(1)
    return there, [primary[place] for place in sorted(primary)]


def read_postgres(spark: SparkSession, query: str, types: dict[str, str]) -> DataFrame:
    """What PostgreSQL answers to a query; times without a zone are in UTC."""
    frame = spark.read.format('jdbc').options(**postgres_login(), query=query, preferTimestampNTZ='true', sessionInitStatement="SET TIME ZONE 'UTC'").load()
    kinds = {name: 'timestamp' for name, kind in frame.dtypes if kind == 'timestamp_ntz'} | types
    return frame.withColumns({name: frame[f'`{name}`'].cast(kind) for name, kind in kinds.items()}) if kinds else frame


# </postgres>
# <lake>
def open_lake(spark: SparkSession, address: str) -> None:
    """The schema `lake` at the folder, with the Delta tables that are there already."""
    hadoop = spark._jvm.org.apache.hadoop.fs
    folder = hadoop.Path(address)
    files = folder.getFileSystem(spark._jsc.hadoopConfiguration())
    folder = files.makeQualified(folder)
    spark.sql(f'CREATE SCHEMA IF NOT EXISTS lake LOCATION {literal(folder.toString())}')
    catalog = spark._jsparkSession.sessionState().catalog().externalCatalog()
    there = hadoop.Path(catalog.getDatabase('lake').locationUri()).toString()
    if there != folder.toString():
        raise ValueError(f'The schema lake lies at {there} already, not at {folder.toString()}: give that folder, or drop the schema.')
    for found in files.listStatus(folder) if files.exists(folder) else []:
        if files.exists(hadoop.Path(found.getPath(), '_delta_log')):
            name = found.getPath().getName().replace('`', '``')
            spark.sql(f'CREATE TABLE IF NOT EXISTS lake.`{name}` USING delta LOCATION {literal(found.getPath().toString())}')
    for row in spark.sql('SHOW TABLES IN lake').collect():
        there = None if row.isTemporary else catalog.getTable('lake', row.tableName).storage().locationUri()
        if there is not None and there.isDefined() and hadoop.Path(there.get()).getParent().toString() != folder.toString():
            raise ValueError(f'The table lake.{row.tableName} lies at {there.get()}, not in {folder.toString()}: drop it from the schema first.')


# </lake>
def run_cells(spark: SparkSession, args: argparse.Namespace) -> bool:
    """Runs what is asked for, and stops at the first cell that fails."""
    names = [cell.name for cell in CELLS]
    first = 0 if args.first is None else names.index(args.first)
    given: dict[str, Any] = {'@spark': spark, '@path': lambda name: f'{args.input.rstrip("/")}/{name}'}
    # <params>
    given['@params'] = argparse.Namespace(**{name: getattr(args, f'param_{name}') for name in PARAMS})
    # </params>
    # <postgres>
    postgres.update(jdbc=args.jdbc, skip=args.skip_postgres)
    # </postgres>
    for place, cell in enumerate(CELLS):
        # <postgres>
        if args.skip_postgres and cell.psql:
            log.info('%-24s not run', cell.name)
            continue
        # </postgres>
        if place < first or cell.name in args.skip:
            log.info('%-24s not run', cell.name)
            continue
        started = time.monotonic()
        try:
            for name in cell.takes:
                if name not in given:
                    given[name] = read_back(spark, args.output, name)
            result = cell.run(*(given[name] for name in cell.takes))
            frames = result if isinstance(result, tuple) else (result,)
            pairs = list(zip(cell.gives, frames))
            rows = [keep(frame, address(args.output, name)) for name, frame in pairs]
            given.update(pairs)
            # <lake>
            if cell.live:
                given.update(settled(spark, args.output, given, pairs))
            # </lake>
        except Exception as error:
            log.error('%-24s failed: %s', cell.name, error if args.verbose else problem(error), exc_info=args.verbose)
            return False
        rejected = f', {rows[1]:,} rejected' if len(rows) > 1 else ''
        log.info('%-24s %s rows%s, %.1f s', cell.name, f'{rows[0]:,}', rejected, time.monotonic() - started)
        forget(given, {name for later in CELLS[place + 1 :] for name in later.takes})
    return True


def keep(frame: DataFrame, folder: str) -> int:
    """Computes the rows once, so that later cells read what is written, in the same order."""
    frame.persist(StorageLevel.MEMORY_AND_DISK)
    frame.write.mode('overwrite').parquet(folder)
    return frame.count()


# <lake>
def settled(spark: SparkSession, output: str, given: dict[str, Any], pairs: list[tuple[str, DataFrame]]) -> dict[str, DataFrame]:
    """The rows as they were written: a frame over a Delta table would follow what later cells write to that table."""
    names = {name for name, _ in pairs}
    others = [value for name, value in given.items() if name not in names]
    for _, frame in pairs:
        if not any(frame is other for other in others):
            frame.unpersist()
    return {name: read_back(spark, output, name) for name in names}


# </lake>
def read_back(spark: SparkSession, output: str, name: str) -> DataFrame:
    """The rows that an earlier run wrote, in their order."""
    try:
        frame = spark.read.parquet(address(output, name))
    except PySparkException as error:
        raise LookupError(f'it reads {name}, which has no rows in {output}: run the cell {name} first') from error
    return frame.orderBy('_metadata.file_path', '_metadata.row_index').persist(StorageLevel.MEMORY_AND_DISK)


def address(folder: str, name: str) -> str:
    return f'{folder.rstrip("/")}/{name}'


def forget(given: dict[str, Any], needed: set[str]) -> None:
    """Gives back the memory of tables that no later cell takes."""
    frames = {name: value for name, value in given.items() if isinstance(value, DataFrame)}
    kept = [frame for name, frame in frames.items() if name in needed]
    for name, frame in frames.items():
        if name not in needed:
            del given[name]
            if not any(frame is other for other in kept):
                frame.unpersist()


def problem(error: Exception) -> str:
    """What went wrong in words, without the stack of the engine."""
    cause = getattr(error, '_origin', None) or getattr(error, 'java_exception', None)
    words = str(error)
    while cause is not None:
        words = cause.getMessage() or words
        cause = cause.getCause()
    return words.strip().split('\n')[0] or type(error).__name__


if __name__ == '__main__':
    sys.exit(main())
