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
    parser.add_argument('--from', dest='first', metavar='CELL', choices=names, help='begin with this cell; rows of earlier ones are read from --output')
    parser.add_argument('--skip', action='append', default=[], metavar='CELL', choices=names, help='leave this cell out; its rows are read from --output')
    # <layers>
    for layer in dict.fromkeys(cell.layer for cell in CELLS if cell.layer):
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
    args.skip += [cell.name for cell in CELLS if cell.layer in args.skip_layers]
    # </layers>
    return args


# <params>
RESERVED = ('--input', '--output', '--lake', '--from', '--skip', '--list', '--verbose', '--help')


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
    for place, cell in enumerate(CELLS):
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
