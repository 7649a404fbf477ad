"""ACID and time travel

A table that can be trusted keeps four promises: it is *atomic*, *consistent*, *isolated* and
*durable*. Here you make one of two weeks of sensor readings, try to break each promise, and look at
every state the table ever had.

Written by Lakebook from the notebook of that name, for Spark 4. The rows of every cell go to a
folder of its name in --output, as Parquet. Run it with

    spark-submit --packages io.delta:delta-spark_2.13:4.0.1 acid_and_time_travel.py --input data --output output --lake lake

and see --help for the rest.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from delta.tables import DeltaTable
from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

log = logging.getLogger('acid_and_time_travel')


class Cell(NamedTuple):
    """A cell of the notebook: what its function takes, and the tables that it gives."""

    name: str
    run: Callable[..., Any]
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    live: bool = False


# ACID and time travel
# --------------------
#
# A table that can be trusted keeps four promises: it is *atomic*, *consistent*, *isolated* and
# *durable*. Here you make one of two weeks of sensor readings, try to break each promise, and look
# at every state the table ever had.
#
# You will learn
#
# - what a commit is, and why a table has versions;
# - how a table refuses rows, and what it then holds;
# - to correct readings with a merge, and to read what was there before;
# - what a crash in the middle of a commit leaves behind.
#
# Press **Run all** and read along. The table is a real Delta Lake table, `lesson_readings`, in this
# browser’s own storage; you find it under **Lake** in the sidebar. To start again from nothing,
# delete it there.
#
# What there is to keep
# ---------------------
#
# Two weeks of five rooms. Some lines were sent twice, so one row is kept for each sensor and time.
def readings(spark: SparkSession, path: Callable[[str], str]) -> DataFrame:
    """Load readings.parquet."""
    readings = spark.read.parquet(path('readings.parquet'))
    return readings


def once(readings: DataFrame) -> DataFrame:
    """Drop duplicates on sensor_id and timestamp, keep the first."""
    once = (
        readings
        .withColumn('_row', F.monotonically_increasing_id())
        .withColumn(
            '_nth',
            F.row_number().over(Window.partitionBy('sensor_id', 'timestamp').orderBy(F.col('_row'))),
        )
        .where(F.col('_nth') == 1)
        .drop('_nth')
        .orderBy('_row')
        .drop('_row')
    )
    return once


# The first commit
# ----------------
#
# The first week arrives. Readings below −40 or above 60 °C belong to no room (85 and −127 are what
# a broken sensor says), so they are left out.
def week_one(once: DataFrame) -> DataFrame:
    """Keep rows where timestamp < '2024-03-11' AND (temperature IS NULL OR temperature BETWEEN -40
    AND 60).
    """
    week_one = (
        once
        .filter(F.expr("timestamp < '2024-03-11' AND (temperature IS NULL OR temperature BETWEEN -40 AND 60)"))
    )
    return week_one


# `snapshot` writes the rows to a table of the lake. There are only two kinds of files in it:
# Parquet files with the rows, and a log, where each commit is one small file that says which
# Parquet files belong to the table from now on. This commit is version 0. Along with the rows it
# gives the table rules of its own: who and when must never be missing, and a temperature has to be
# possible.
def version_0(spark: SparkSession, week_one: DataFrame) -> DataFrame:
    """Append to lake.lesson_readings."""
    # Delta takes NOT NULL only before a table has rows; a CHECK refuses the same ones.
    # The same rows are appended once: Delta keeps the name of what it applied.
    names = {f"`{name.replace('`', '``')}`": kind for name, kind in week_one.dtypes}
    columns = [F.col(name).cast('string') if '<' in kind else F.col(name) for name, kind in names.items()]
    row = F.xxhash64(*columns, *[F.isnull(column) for column in columns]).cast('decimal(20,0)')
    applied = ' '.join(map(str, ['version_0', *week_one.agg(F.count('*'), F.sum(row)).first()]))
    if spark.catalog.tableExists('lake.lesson_readings'):
        known = {row['key'] for row in spark.sql('SHOW TBLPROPERTIES lake.lesson_readings').collect()}
        if 'delta.constraints.sensor_id_not_null' not in known:
            spark.sql('ALTER TABLE lake.lesson_readings ADD CONSTRAINT `sensor_id_not_null` CHECK (`sensor_id` IS NOT NULL)')
        if 'delta.constraints.timestamp_not_null' not in known:
            spark.sql('ALTER TABLE lake.lesson_readings ADD CONSTRAINT `timestamp_not_null` CHECK (`timestamp` IS NOT NULL)')
        if 'delta.constraints.possible' not in known:
            spark.sql('ALTER TABLE lake.lesson_readings ADD CONSTRAINT `possible` CHECK (temperature IS NULL OR temperature BETWEEN -40 AND 60)')
        spark.sql("ALTER TABLE lake.lesson_readings ALTER COLUMN `temperature` COMMENT '°C'")
        spark.sql("ALTER TABLE lake.lesson_readings ALTER COLUMN `humidity` COMMENT '%'")
        (
            week_one.writeTo('lake.lesson_readings')
            .option('txnAppId', applied)
            .option('txnVersion', '0')
            .append()
        )
    else:
        (
            week_one
            .withMetadata('temperature', {'comment': '°C'})
            .withMetadata('humidity', {'comment': '%'})
            .writeTo('lake.lesson_readings')
            .using('delta')
            .option('txnAppId', applied)
            .option('txnVersion', '0')
            .tableProperty('delta.constraints.sensor_id_not_null', '`sensor_id` IS NOT NULL')
            .tableProperty('delta.constraints.timestamp_not_null', '`timestamp` IS NOT NULL')
            .tableProperty('delta.constraints.possible', 'temperature IS NULL OR temperature BETWEEN -40 AND 60')
            .create()
        )
    version_0 = week_one
    return version_0


# Run the cell again: no version is added. The log remembers which rows came from this cell, so the
# same ones aren’t written twice.
#
# Consistent: a table keeps its rules
# -----------------------------------
#
# The second week comes as it is, with 22 readings that are impossible.
def week_two(once: DataFrame) -> DataFrame:
    """Keep rows where timestamp >= '2024-03-11'."""
    week_two = once.filter(F.expr("timestamp >= '2024-03-11'"))
    return week_two


# The next cell would append it, and it is switched off, because it fails and a run stops at what
# fails. Switch it on in its menu and run it. The table answers
# `DELTA_VIOLATE_CONSTRAINT_WITH_VALUES`, the very error that Spark gives, with the first row that
# breaks the rule. Then switch it off again.
#
# refused is switched off in the notebook.
#
# Mind the condition: a row gets in when it is *true*, and `NULL BETWEEN -40 AND 60` is neither true
# nor false. Without `temperature IS NULL OR` the table would refuse every gap, as Delta does.
#
# Atomic: all of it or nothing
# ----------------------------
#
# 5,018 of those 5,040 rows were fine, and none of them got in. That is the point. Half a delivery
# is the worst kind: it can’t be used, and it can’t be sent again without making copies. So mend it,
# and send it whole.
def mended(week_two: DataFrame) -> DataFrame:
    """Derive temperature."""
    mended = (
        week_two
        .withColumns({
            'temperature': F.expr('CASE WHEN temperature BETWEEN -40 AND 60 THEN temperature END'),
        })
    )
    return mended


def version_1(spark: SparkSession, mended: DataFrame) -> DataFrame:
    """Append to lake.lesson_readings."""
    # The same rows are appended once: Delta keeps the name of what it applied.
    names = {f"`{name.replace('`', '``')}`": kind for name, kind in mended.dtypes}
    columns = [F.col(name).cast('string') if '<' in kind else F.col(name) for name, kind in names.items()]
    row = F.xxhash64(*columns, *[F.isnull(column) for column in columns]).cast('decimal(20,0)')
    applied = ' '.join(map(str, ['version_1', *mended.agg(F.count('*'), F.sum(row)).first()]))
    if spark.catalog.tableExists('lake.lesson_readings'):
        (
            mended.writeTo('lake.lesson_readings')
            .option('txnAppId', applied)
            .option('txnVersion', '0')
            .append()
        )
    else:
        (
            mended
            .writeTo('lake.lesson_readings')
            .using('delta')
            .option('txnAppId', applied)
            .option('txnVersion', '0')
            .create()
        )
    version_1 = mended
    return version_1


# 5,012 rows, then 10,052: a SQL cell reads any version. In Spark you write `VERSION AS OF 0`, and
# here that works, too.
def rows_by_version(spark: SparkSession) -> DataFrame:
    """The SQL cell rows_by_version."""
    rows_by_version = spark.sql("""
SELECT 0 AS version, count(*) AS rows FROM lake.lesson_readings VERSION AS OF 0 AS lesson_readings
UNION ALL
SELECT 1, count(*) FROM lake.lesson_readings VERSION AS OF 1 AS lesson_readings
""")
    return rows_by_version


# Columns keep their types
# ------------------------
#
# The cold store’s sensor, TH-104, was calibrated afterwards: it had read 0.4 °C too high all the
# time. The corrections come the way such things come, as text, and with a column more than the
# table has.
def corrections(spark: SparkSession) -> DataFrame:
    """The SQL cell corrections."""
    corrections = spark.sql("""
SELECT sensor_id, CAST(timestamp AS STRING) AS timestamp, CAST((temperature - 0.4) AS STRING) AS temperature, CAST(humidity AS STRING) AS humidity, 'calibrated' AS note
FROM lake.lesson_readings VERSION AS OF 1 AS lesson_readings
WHERE sensor_id = 'TH-104'
""")
    return corrections


# Appended like that, they would be refused: `DELTA_CONSTRAINT_DATA_TYPE_MISMATCH`, for temperature
# would have to become a string, and a rule of the table is about it. (A column without a rule gives
# `DELTA_FAILED_TO_MERGE_FIELDS`.) `align_schema` gives them the table’s columns, in its order and
# with its types; the note is dropped, since the table has no column for it. A value that can’t be
# cast would stop it.
def aligned(spark: SparkSession, corrections: DataFrame) -> DataFrame:
    """Align to the columns of lake.lesson_readings."""
    # In ANSI mode (the default of Spark 4) a value that can’t be cast stops the job.
    spark.conf.set('spark.sql.ansi.enabled', 'true')
    aligned = (
        corrections
        .select(
            F.col('sensor_id'),
            F.expr("cast(nullif(trim(`timestamp`), '') AS timestamp)").alias('timestamp'),
            F.expr("cast(nullif(trim(`temperature`), '') AS double)").alias('temperature'),
            F.expr("cast(nullif(trim(`humidity`), '') AS double)").alias('humidity'),
        )
    )
    return aligned


# Now not an append, for the readings are there already, but a `merge`: where sensor and time agree
# the row is updated, everywhere else it would be inserted.
def version_2(spark: SparkSession, aligned: DataFrame) -> DataFrame:
    """Merge into lake.lesson_readings on sensor_id and timestamp."""
    if spark.catalog.tableExists('lake.lesson_readings'):
        (
            DeltaTable.forName(spark, 'lake.lesson_readings').alias('target')
            .merge(aligned.alias('source'), 'target.`sensor_id` = source.`sensor_id` AND target.`timestamp` = source.`timestamp`')
            .whenMatchedUpdateAll()
            .whenNotMatchedInsertAll()
            .execute()
        )
    else:
        aligned.writeTo('lake.lesson_readings').using('delta').create()
    version_2 = aligned
    return version_2


# Isolated: a reader sees one version
# -----------------------------------
#
# A merge doesn’t change a file. It writes new ones, and the commit takes the old ones off the list
# and puts the new ones on it, at once. Whoever was reading version 1 goes on reading version 1, and
# never sees a table that is half corrected. Version 1 is there to this day:
def before(spark: SparkSession) -> DataFrame:
    """Read lake.lesson_readings, version 1."""
    before = spark.read.option('versionAsOf', 1).table('lake.lesson_readings')
    return before


def cold_store(spark: SparkSession, before: DataFrame) -> DataFrame:
    """The SQL cell cold_store."""
    before.createOrReplaceTempView('before')
    cold_store = spark.sql("""
SELECT 'version 1' AS read_as, count(*) AS n, round(avg(temperature) * 100) / 100 AS mean FROM before WHERE sensor_id = 'TH-104'
UNION ALL
SELECT 'version 2', count(*), round(avg(temperature) * 100) / 100 FROM lake.lesson_readings VERSION AS OF 2 AS lesson_readings WHERE sensor_id = 'TH-104'
""")
    return cold_store


# 4.28 °C then, 3.88 °C now, and nobody has to remember which report was made from which: this is
# time travel. It also goes by the clock: `read_table` takes a `timestamp`, SQL takes `AT (TIMESTAMP
# => '2024-03-31 12:00:00')`, and both find the version that was the latest then. Under **Lake**,
# open the table’s history: you can compare any two versions there, and restore one. A restore is a
# commit as well, so even that can be taken back.
#
# Durable: what is committed stays
# --------------------------------
#
# The hardest test comes last: the power fails in the middle of a commit. One more reading:
def one_more(spark: SparkSession) -> DataFrame:
    """The SQL cell one_more."""
    one_more = spark.sql("""
SELECT 'TH-101' AS sensor_id, TIMESTAMP '2024-03-18 00:00:00' AS timestamp, CAST(20.5 AS DOUBLE) AS temperature, CAST(41 AS DOUBLE) AS humidity
""")
    return one_more


# A commit goes in steps. 1: the latest version is looked at, and the rows are checked against it.
# 2: the rows are written to a Parquet file. 3: the file is checked. 4: the table is locked. 5: the
# log is looked at again, for others may have committed meanwhile. 6: the log’s new entry is written
# under a temporary name. 7: it gets its real name, and only now it counts. The next cell kills the
# worker that holds the storage right after step 6, when everything is on disk but the name. A new
# worker is started, and finds what is on disk; the cell’s figures say after which step the old one
# died, and whether the commit counts.
def crashed(one_more: DataFrame) -> DataFrame:
    """Append to lake.lesson_readings, and crash after step 6 of the commit."""
    # The writer of the lesson dies before its commit counts, so nothing is written here either.
    crashed = one_more
    return crashed


def nothing_lost(spark: SparkSession) -> DataFrame:
    """The SQL cell nothing_lost."""
    nothing_lost = spark.sql("""
SELECT count(*) AS rows, count(*) FILTER (WHERE timestamp >= '2024-03-18') AS of_the_crash FROM lake.lesson_readings
""")
    return nothing_lost


# All rows that were committed are there, and of the crash nothing. What it left on disk belongs to
# no version: the file with the temporary name was cleared away when the storage started again, and
# the Parquet file goes with a vacuum, once it is an hour old (a file that no commit names might
# belong to a write under way). Now write 7 instead of 6 and run on. The worker dies as before, and
# yet the reading is in the table, whole, for the name was there. Committed is committed: take the
# line out, and the cell finds its reading there already instead of adding it twice.
#
# In a private window no storage outlives a crash, so there the cell says just that.
#
# What to take along
# ------------------
#
# - A commit is one file in the log. It is there or it isn’t, and so are its rows.
# - Rules belong to the table, not to the notebook that writes it.
# - Correct with a merge; the old state remains a version.
# - Every version can be read until a vacuum deletes its files.

CELLS: list[Cell] = [
    Cell('readings', readings, takes=('@spark', '@path'), gives=('readings',)),
    Cell('once', once, takes=('readings',), gives=('once',)),
    Cell('week_one', week_one, takes=('once',), gives=('week_one',)),
    Cell('version_0', version_0, takes=('@spark', 'week_one'), gives=('version_0',)),
    Cell('week_two', week_two, takes=('once',), gives=('week_two',)),
    Cell('mended', mended, takes=('week_two',), gives=('mended',)),
    Cell('version_1', version_1, takes=('@spark', 'mended'), gives=('version_1',)),
    Cell('rows_by_version', rows_by_version, takes=('@spark',), gives=('rows_by_version',)),
    Cell('corrections', corrections, takes=('@spark',), gives=('corrections',)),
    Cell('aligned', aligned, takes=('@spark', 'corrections'), gives=('aligned',)),
    Cell('version_2', version_2, takes=('@spark', 'aligned'), gives=('version_2',)),
    Cell('before', before, takes=('@spark',), gives=('before',)),
    Cell('cold_store', cold_store, takes=('@spark', 'before'), gives=('cold_store',)),
    Cell('one_more', one_more, takes=('@spark',), gives=('one_more',)),
    Cell('crashed', crashed, takes=('one_more',), gives=('crashed',)),
    Cell('nothing_lost', nothing_lost, takes=('@spark',), gives=('nothing_lost',), live=True),
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
    parser.add_argument('--lake', default='lake', metavar='DIR', help='folder of the Delta tables (default: %(default)s)')
    parser.add_argument('--from', dest='first', metavar='CELL', choices=names, help='begin with this cell; rows of earlier ones are read from --output')
    parser.add_argument('--skip', action='append', default=[], metavar='CELL', choices=names, help='leave this cell out; its rows are read from --output')
    parser.add_argument('--list', action='store_true', help='print the names of the cells, and run none')
    parser.add_argument('--verbose', action='store_true', help="show Spark's own messages, and the whole trace of an error")
    args = parser.parse_args(argv)
    return args


def literal(value: Any) -> str:
    """A value as Spark SQL writes it: text stays text, whatever is in it."""
    if isinstance(value, str):
        return "'" + value.replace('\\', '\\\\').replace("'", "\\'") + "'"
    return f'({value})' if str(value).startswith('-') else str(value)


def session(args: argparse.Namespace) -> SparkSession:
    """The session that is there, as on Databricks and EMR, or a new one."""
    running = SparkSession.getActiveSession()
    spark = running or new_session()
    if running is None and not args.verbose:
        spark.sparkContext.setLogLevel('ERROR')
    settle(spark)
    open_lake(spark, args.lake)
    return spark


def settle(spark: SparkSession) -> None:
    """Times mean the same wherever this runs, and what can't be computed is an error."""
    spark.conf.set('spark.sql.session.timeZone', 'UTC')
    spark.conf.set('spark.sql.ansi.enabled', 'true')
    spark.conf.set('spark.sql.parquet.inferTimestampNTZ.enabled', 'false')
    spark.conf.set('spark.sql.parquet.outputTimestampType', 'TIMESTAMP_MICROS')
    # Rows that are kept would lie in 200 partitions, a file and a task each, however few they are.
    spark.conf.set('spark.sql.optimizer.canChangeCachedPlanOutputPartitioning', 'true')
    if spark.conf.get('spark.master', '').startswith('local') and spark.conf.get('spark.databricks.delta.snapshotPartitions', None) is None:
        # The log of a table is read in 50 tasks, which are a cluster's.
        spark.conf.set('spark.databricks.delta.snapshotPartitions', '2')


def new_session() -> SparkSession:
    """Keys for s3a:// come from the environment (AWS_ACCESS_KEY_ID …) or the machine's role, never from here."""
    builder = SparkSession.builder.appName('acid_and_time_travel')
    settings = {
        'spark.sql.adaptive.enabled': 'true',
        'spark.sql.execution.arrow.pyspark.enabled': 'true',
        'spark.sql.extensions': 'io.delta.sql.DeltaSparkSessionExtension',
        'spark.sql.catalog.spark_catalog': 'org.apache.spark.sql.delta.catalog.DeltaCatalog',
    }
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


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
            if cell.live:
                given.update(settled(spark, args.output, given, pairs))
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


def settled(spark: SparkSession, output: str, given: dict[str, Any], pairs: list[tuple[str, DataFrame]]) -> dict[str, DataFrame]:
    """The rows as they were written: a frame over a Delta table would follow what later cells write to that table."""
    names = {name for name, _ in pairs}
    others = [value for name, value in given.items() if name not in names]
    for _, frame in pairs:
        if not any(frame is other for other in others):
            frame.unpersist()
    return {name: read_back(spark, output, name) for name in names}


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
