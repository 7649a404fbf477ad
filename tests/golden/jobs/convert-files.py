"""Convert files

The same table as CSV, as Parquet, as CSV again: what survives the journey, and what you gain on the
way. At the end a second file, from a spreadsheet with other habits, joins the first.

Written by Lakebook from the notebook of that name, for Spark 4. The rows of every cell go to a
folder of its name in --output, as Parquet. Run it with

    spark-submit convert_files.py --input data --output output

and see --help for the rest.
"""

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
from pyspark.sql import functions as F

log = logging.getLogger('convert_files')


class Cell(NamedTuple):
    """A cell of the notebook: what its function takes, and the tables that it gives."""

    name: str
    run: Callable[..., Any]
    takes: tuple[str, ...]
    gives: tuple[str, ...]


# Convert files
# -------------
#
# The same table as CSV, as Parquet, as CSV again: what survives the journey, and what you gain on
# the way. At the end a second file, from a spreadsheet with other habits, joins the first.
#
# You will learn
#
# - what a CSV file knows about its columns, and what Parquet knows;
# - to prove that two tables are equal instead of believing it;
# - to read a spreadsheet’s CSV with semicolons and decimal commas;
# - to join two files, and to find what has no partner.
#
# A CSV file is only text
# -----------------------
#
# Nothing in a CSV file says that a column is a number, or a time. Whoever reads it has to find out.
# When you say nothing, the first lines are looked at and the types guessed, and one unlucky value
# can turn a column of numbers into text. When you know better, say so: lines that don’t fit then
# become rejects, with a reason, and the types hold. Here they are thirteen: seven broken lines, and
# six whose time is no time.
def from_csv(spark: SparkSession, path: Callable[[str], str]) -> tuple[DataFrame, DataFrame]:
    """Load sensors.csv."""
    lines = (
        spark.read
        .schema(
            '`sensor_id` string, `timestamp` timestamp, `temperature` double, `humidity` double, '
            '`_corrupt_record` string'
        )
        .option('header', True)
        .option('escape', '"')
        .option('columnNameOfCorruptRecord', '_corrupt_record')
        .csv(path('sensors.csv'))
        .withColumn('_file', F.col('_metadata.file_name'))
        .cache()
    )
    failed = F.col('_corrupt_record').isNotNull()
    # Spark keeps the text of what it can’t read, but neither its line nor the reason.
    from_csv_rejects = (
        lines
        .where(failed)
        .select(
            F.col('_file').alias('file'),
            F.lit(None).cast('bigint').alias('line'),
            F.lit(None).cast('string').alias('column_name'),
            F.col('_corrupt_record').alias('raw'),
            F.lit('it does not fit the schema').alias('reason'),
        )
    )
    from_csv = lines.where(~(failed)).select('sensor_id', 'timestamp', 'temperature', 'humidity')
    return from_csv, from_csv_rejects


# To Parquet
# ----------
#
# Choose **Export …** in the menu of the cell `from_csv`, and there Parquet, and you have a file
# that any tool of the field reads without asking. It holds the columns one by one, each with its
# type, packed, with its smallest and largest value beside it. So a reader takes the columns it
# needs and skips what can’t match. Here 387 KB of CSV become about 55 KB.
#
# This notebook comes with such a file. Put your own in its place if you like: drop it on the page
# and write its name here.
def from_parquet(spark: SparkSession, path: Callable[[str], str]) -> DataFrame:
    """Load readings.parquet."""
    from_parquet = spark.read.parquet(path('readings.parquet'))
    return from_parquet


# No schema and no guessing: the types were in the file.
#
# And back
# --------
#
# Is it the same table? Looking at a few rows proves nothing. `EXCEPT` gives the rows of one table
# that the other doesn’t have; ask in both directions. `ALL` makes it count copies too, and this
# file has some.
def differences(spark: SparkSession, from_csv: DataFrame, from_parquet: DataFrame) -> DataFrame:
    """The SQL cell differences."""
    from_csv.createOrReplaceTempView('from_csv')
    from_parquet.createOrReplaceTempView('from_parquet')
    differences = spark.sql("""
SELECT 'only in CSV' AS found, * FROM (SELECT * FROM from_csv EXCEPT ALL SELECT * FROM from_parquet)
UNION ALL
SELECT 'only in Parquet' AS found, * FROM (SELECT * FROM from_parquet EXCEPT ALL SELECT * FROM from_csv)
""")
    return differences


# No rows: nothing was lost, the missing values and the NaN included. Export `from_parquet` as CSV
# and you are back where you began, except that this time every line can be read.
#
# A spreadsheet’s CSV
# -------------------
#
# In much of the world a spreadsheet writes `52,5164` for 52.5164, so the comma is taken and columns
# are separated by semicolons. Days come first in its dates. Here all of that is said openly; the
# preview you see when you drop a file finds most of it out.
def sites(spark: SparkSession, path: Callable[[str], str]) -> tuple[DataFrame, DataFrame]:
    """Load sites.csv."""
    lines = (
        spark.read
        .schema(
            '`sensor_id` string, `room` string, `floor` int, `latitude` string, `longitude` string, '
            '`installed` string, `_corrupt_record` string'
        )
        .option('header', True)
        .option('sep', ';')
        .option('escape', '"')
        .option('columnNameOfCorruptRecord', '_corrupt_record')
        .csv(path('sites.csv'))
        .withColumn('_file', F.col('_metadata.file_name'))
        .cache()
    )
    lines = (
        lines
        .withColumn('latitude cast', F.expr("try_cast(translate(trim(`latitude`), ',.', '.,') AS double)"))
        .withColumn('longitude cast', F.expr("try_cast(translate(trim(`longitude`), ',.', '.,') AS double)"))
    )
    failed = F.col('_corrupt_record').isNotNull() | (F.col('latitude').isNotNull() & F.col('latitude cast').isNull()) | (F.col('longitude').isNotNull() & F.col('longitude cast').isNull())
    # Spark keeps the text of what it can’t read, but neither its line nor the reason.
    sites_rejects = (
        lines
        .where(failed)
        .select(
            F.col('_file').alias('file'),
            F.lit(None).cast('bigint').alias('line'),
            F.lit(None).cast('string').alias('column_name'),
            F.coalesce(F.col('_corrupt_record'), F.to_csv(F.struct('sensor_id', 'room', 'floor', 'latitude', 'longitude', 'installed'), {'sep': ';'})).alias('raw'),
            F.lit('it does not fit the schema').alias('reason'),
        )
    )
    sites = (
        lines
        .where(~(failed))
        .select(
            'sensor_id',
            'room',
            'floor',
            F.col('latitude cast').alias('latitude'),
            F.col('longitude cast').alias('longitude'),
            'installed',
        )
    )
    return sites, sites_rejects


def rooms(sites: DataFrame) -> DataFrame:
    """Cast installed to date."""
    rooms = (
        sites
        .withColumn('installed', F.try_to_timestamp(F.trim(F.col('installed')), F.lit('dd.MM.yyyy')).cast('date'))
    )
    return rooms


# Join
# ----
#
# Readings know their sensor; the list knows the room. A *left* join keeps every reading and adds
# the room where there is one. An *inner* join would drop the readings of unlisted sensors without a
# word, so begin with the left one and look.
def located(from_parquet: DataFrame, rooms: DataFrame) -> DataFrame:
    """Join with rooms on sensor_id, and keep every row."""
    located = from_parquet.join(F.broadcast(rooms), on='sensor_id', how='left')
    return located


def rows_per_room(spark: SparkSession, located: DataFrame) -> DataFrame:
    """The SQL cell rows_per_room."""
    located.createOrReplaceTempView('located')
    rows_per_room = spark.sql("""
SELECT room, count(*) AS readings, round(avg(temperature) * 10) / 10 AS temperature
FROM located
GROUP BY ALL
ORDER BY ALL NULLS LAST
""")
    return rows_per_room


# What has no partner
# -------------------
#
# One row above has no room. An *anti* join finds who: the rows of the first table that have no
# match in the second. Turned round, it finds the listed sensor that sends nothing. Two questions to
# ask after every join.
def unlisted(from_parquet: DataFrame, rooms: DataFrame) -> DataFrame:
    """Keep the rows that have no match in rooms on sensor_id."""
    unlisted = from_parquet.join(F.broadcast(rooms), on='sensor_id', how='left_anti')
    return unlisted


def silent(rooms: DataFrame, from_parquet: DataFrame) -> DataFrame:
    """Keep the rows that have no match in from_parquet on sensor_id."""
    silent = rooms.join(F.broadcast(from_parquet), on='sensor_id', how='left_anti')
    return silent


# `TH-105` is missing in the list, and `TH-099` has been listed since 2019 and isn’t heard any more.
# Neither file is wrong by itself. Only together do they tell.
#
# Keep what you need
# ------------------
#
# A report seldom wants all columns. Choose, then export `report` in the format that its reader
# opens: Parquet for a pipeline, CSV for a spreadsheet, JSON lines for a web service.
def report(located: DataFrame) -> DataFrame:
    """Select sensor_id, room, floor, timestamp, temperature, and humidity."""
    report = located.select('sensor_id', 'room', 'floor', 'timestamp', 'temperature', 'humidity')
    return report


# Try next
# --------
#
# - Change `how` of `located` to `inner`, and see how many readings go.
# - Take `schema` out of `from_csv`. Which types does it find, and why?
# - Export `report` as JSON lines, drop that file on the page and load it. Which type does
#   `timestamp` come back with?
# - Clean these readings first: *Clean a sensor file* shows how.

CELLS: list[Cell] = [
    Cell('from_csv', from_csv, takes=('@spark', '@path'), gives=('from_csv', 'from_csv_rejects')),
    Cell('from_parquet', from_parquet, takes=('@spark', '@path'), gives=('from_parquet',)),
    Cell('differences', differences, takes=('@spark', 'from_csv', 'from_parquet'), gives=('differences',)),
    Cell('sites', sites, takes=('@spark', '@path'), gives=('sites', 'sites_rejects')),
    Cell('rooms', rooms, takes=('sites',), gives=('rooms',)),
    Cell('located', located, takes=('from_parquet', 'rooms'), gives=('located',)),
    Cell('rows_per_room', rows_per_room, takes=('@spark', 'located'), gives=('rows_per_room',)),
    Cell('unlisted', unlisted, takes=('from_parquet', 'rooms'), gives=('unlisted',)),
    Cell('silent', silent, takes=('rooms', 'from_parquet'), gives=('silent',)),
    Cell('report', report, takes=('located',), gives=('report',)),
]

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
    parser.add_argument('--from', dest='first', metavar='CELL', choices=names, help='begin with this cell; rows of earlier ones are read from --output')
    parser.add_argument('--skip', action='append', default=[], metavar='CELL', choices=names, help='leave this cell out; its rows are read from --output')
    parser.add_argument('--list', action='store_true', help='print the names of the cells, and run none')
    parser.add_argument('--verbose', action='store_true', help="show Spark's own messages, and the whole trace of an error")
    args = parser.parse_args(argv)
    return args


def session(args: argparse.Namespace) -> SparkSession:
    """The session that is there, as on Databricks and EMR, or a new one."""
    running = SparkSession.getActiveSession()
    spark = running or new_session()
    if running is None and not args.verbose:
        spark.sparkContext.setLogLevel('ERROR')
    settle(spark)
    return spark


def settle(spark: SparkSession) -> None:
    """Times mean the same wherever this runs, and what can't be computed is an error."""
    spark.conf.set('spark.sql.session.timeZone', 'UTC')
    spark.conf.set('spark.sql.ansi.enabled', 'true')
    spark.conf.set('spark.sql.parquet.inferTimestampNTZ.enabled', 'false')
    spark.conf.set('spark.sql.parquet.outputTimestampType', 'TIMESTAMP_MICROS')
    # Rows that are kept would lie in 200 partitions, a file and a task each, however few they are.
    spark.conf.set('spark.sql.optimizer.canChangeCachedPlanOutputPartitioning', 'true')


def new_session() -> SparkSession:
    """Keys for s3a:// come from the environment (AWS_ACCESS_KEY_ID …) or the machine's role, never from here."""
    builder = SparkSession.builder.appName('convert_files')
    settings = {
        'spark.sql.adaptive.enabled': 'true',
        'spark.sql.execution.arrow.pyspark.enabled': 'true',
    }
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def run_cells(spark: SparkSession, args: argparse.Namespace) -> bool:
    """Runs what is asked for, and stops at the first cell that fails."""
    names = [cell.name for cell in CELLS]
    first = 0 if args.first is None else names.index(args.first)
    given: dict[str, Any] = {'@spark': spark, '@path': lambda name: f'{args.input.rstrip("/")}/{name}'}
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
