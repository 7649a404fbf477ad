"""Sensors: from raw to insight

Six weather stations sent two days of temperature, humidity and pressure, and nobody wrote down
which of them stand indoors. You clean what they sent, find the readings that need attention, and
let the data say where each station stands.

Written by Lakebook from the notebook of that name, for Spark 4. The rows of every cell go to a
folder of its name in --output, as Parquet. Run it with

    spark-submit sensors_from_raw_to_insight.py --input data --output output

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
from pyspark.ml import Pipeline
from pyspark.ml.clustering import KMeans
from pyspark.ml.feature import StandardScaler, VectorAssembler
from pyspark.ml.functions import vector_to_array
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

log = logging.getLogger('sensors_from_raw_to_insight')


class Cell(NamedTuple):
    """A cell of the notebook: what its function takes, and the tables that it gives."""

    name: str
    run: Callable[..., Any]
    takes: tuple[str, ...]
    gives: tuple[str, ...]


# Sensors: from raw to insight
# ----------------------------
#
# Six weather stations sent two days of temperature, humidity and pressure, and nobody wrote down
# which of them stand indoors. You clean what they sent, find the readings that need attention, and
# let the data say where each station stands.
#
# You will learn
#
# - to check ids against a pattern, and to put what fails in quarantine instead of in the bin;
# - to decide which missing values are reason enough to drop a row;
# - to read times that come as numbers;
# - to describe each sensor, and to ask for the unusual in SQL;
# - to group readings that are alike with *k*-means, and to check whether the groups mean something.
#
# Load
# ----
#
# The file has one JSON object a line (NDJSON), as streams and queues write it. JSON knows numbers,
# texts and null, so the columns arrive with types; what the numbers mean, it doesn’t say.
def raw(spark: SparkSession, path: Callable[[str], str]) -> tuple[DataFrame, DataFrame]:
    """Load raw-readings.json."""
    lines = (
        spark.read
        .schema(
            '`sensor_id` string, `epoch_ms` bigint, `temperature` double, `humidity` double, '
            '`pressure` double, `_corrupt_record` string'
        )
        .option('columnNameOfCorruptRecord', '_corrupt_record')
        .json(path('raw-readings.json'))
        .withColumn('_file', F.col('_metadata.file_name'))
        .cache()
    )
    failed = F.col('_corrupt_record').isNotNull()
    # Spark keeps the text of what it can’t read, but neither its line nor the reason.
    raw_rejects = (
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
    raw = lines.where(~(failed)).select('sensor_id', 'epoch_ms', 'temperature', 'humidity', 'pressure')
    return raw, raw_rejects


# Quarantine
# ----------
#
# An id is a promise that there is such a sensor. Ours are `SNS-` and four digits, and a regular
# expression says so exactly: `^` and `$` make it the whole text, not a part of it. `not_null` has
# to be said as well, for to SQL a missing value breaks no rule: whether nothing matches a pattern
# is unknown, not false.
#
# Rows that fail go to `valid_rejects`, with rule and reason. Dropping them would be easier, and you
# would never learn that something sends them.
def valid(raw: DataFrame) -> tuple[DataFrame, DataFrame]:
    """Check 1 rule, quarantine rows that break one."""
    rules = {
        'known id': F.coalesce(F.col('sensor_id').isNotNull(), F.lit(True)) & F.coalesce(F.col('sensor_id').rlike('^SNS-[0-9]{4}\\z'), F.lit(True)),
    }
    failed = F.concat_ws(', ', *[F.when(~holds, F.lit(name)) for name, holds in rules.items()])
    valid = raw.filter(failed == '')
    valid_rejects = (
        raw
        .filter(failed != '')
        .withColumns({
            'rule': failed,
            'reason': F.concat_ws('; ', F.when(~F.col('sensor_id').isNotNull(), 'sensor_id is missing'), F.when(~F.col('sensor_id').rlike('^SNS-[0-9]{4}\\z'), 'sensor_id doesn’t match ^SNS-[0-9]{4}$')),
        })
    )
    return valid, valid_rejects


def quarantined_ids(spark: SparkSession, valid_rejects: DataFrame) -> DataFrame:
    """The SQL cell quarantined_ids."""
    valid_rejects.createOrReplaceTempView('valid_rejects')
    quarantined_ids = spark.sql("""
SELECT sensor_id, reason, count(*) AS readings
FROM valid_rejects
GROUP BY ALL
ORDER BY readings DESC, sensor_id NULLS LAST
""")
    return quarantined_ids


# Some of them were people: `sns-1002` was typed in lower case, `SNS-10O4` with a letter O,
# `SNS-1003 ` with a space at its end. You could repair those. Do it knowingly, in a step of its
# own, not by loosening the rule.
#
# Complete rows
# -------------
#
# *k*-means needs a number in each of the three signals, and inventing one would invent a position.
# With 1,681 readings we can afford to drop those that have a gap. Where rows are few, or where gaps
# come at particular moments, filling is the better choice: what you drop is rarely a fair sample.
def complete_(valid: DataFrame) -> DataFrame:
    """Drop rows where any of temperature, humidity, and pressure is missing."""
    complete_ = valid.dropna(how='any', subset=['temperature', 'humidity', 'pressure'])
    return complete_


# A time, not a number
# --------------------
#
# `1714521601047` counts the milliseconds since 1 January 1970 in UTC, the *epoch*. Computers like
# it because it has no time zone and no summer time. People, charts and windows want a timestamp.
def timed(complete_: DataFrame) -> DataFrame:
    """Cast epoch_ms to timestamp."""
    timed = (
        complete_
        .withColumn('epoch_ms', F.timestamp_millis(F.when(F.col('epoch_ms').between(-9223372036854775, 9223372036854775), F.col('epoch_ms'))))
    )
    return timed


def readings(timed: DataFrame) -> DataFrame:
    """Rename epoch_ms to read_at."""
    readings = timed.withColumnsRenamed({'epoch_ms': 'read_at'})
    return readings


# Each sensor in one row
# ----------------------
#
# Before you look at 1,610 readings, look at six averages. Minimum, maximum and standard deviation
# beside them show whether the average can be believed.
def per_sensor(readings: DataFrame) -> DataFrame:
    """Avg, min, max, and stddev of temperature; avg of humidity; avg and count of pressure per
    sensor_id.
    """
    per_sensor = (
        readings
        .groupBy(F.col('sensor_id'))
        .agg(
            F.avg(F.when(~F.isnan('temperature'), F.col('temperature'))).alias('temperature_avg'),
            F.min(F.when(~F.isnan('temperature'), F.col('temperature'))).alias('temperature_min'),
            F.max(F.when(~F.isnan('temperature'), F.col('temperature'))).alias('temperature_max'),
            F.stddev(F.when(~F.isnan('temperature'), F.col('temperature'))).alias('temperature_stddev'),
            F.avg(F.when(~F.isnan('humidity'), F.col('humidity'))).alias('humidity_avg'),
            F.avg(F.when(~F.isnan('pressure'), F.col('pressure'))).alias('pressure_avg'),
            F.count(F.when(~F.isnan('pressure'), F.col('pressure'))).alias('pressure_count'),
        )
        .orderBy(F.col('sensor_id').asc_nulls_last())
    )
    return per_sensor


# One station stands out: `SNS-1004` has an ordinary mean, and a maximum and a standard deviation
# that don’t go with it.
#
# Too warm
# --------
#
# A question in your own words is often shortest in SQL; any cell above is a table. `too_warm` is a
# parameter: change it at the top of the page, and what depends on it runs again.
def abnormal(spark: SparkSession, params: argparse.Namespace, readings: DataFrame) -> DataFrame:
    """The SQL cell abnormal."""
    readings.createOrReplaceTempView('readings')
    abnormal = spark.sql(f"""
SELECT sensor_id, read_at, temperature
FROM readings
WHERE temperature > {literal(params.too_warm)}
ORDER BY read_at NULLS LAST
""")
    return abnormal


# The chart “Temperature (°C)” of readings is drawn in Lakebook.
#
# For five hours on the second morning, something heated that room to nearly 40 °C. A single odd
# reading is a glitch; twenty-seven in a row at one place are an event. They stay in the table,
# because they are true.
#
# Two kinds of place
# ------------------
#
# *k*-means puts *k* centres among the readings, gives each reading to its nearest centre, moves
# each centre to the mean of its readings, and repeats until nothing moves. We ask for two.
#
# “Nearest” adds up degrees, per cent and hectopascals as if they were the same thing, so the signal
# whose numbers vary most would have the loudest voice. `standardize` divides each by its standard
# deviation first, and all three have the same say. A seed makes the result the same on every run.
def clustered(params: argparse.Namespace, readings: DataFrame) -> DataFrame:
    """Cluster into 2 by temperature, humidity, and pressure."""
    finite = F.coalesce((F.abs(F.col('temperature').cast('double')) < float('inf')) & (F.abs(F.col('humidity').cast('double')) < float('inf')) & (F.abs(F.col('pressure').cast('double')) < float('inf')), F.lit(False))
    complete = readings.where(finite)
    if complete.count() < readings.count():
        raise ValueError('Rows lack a finite value in temperature, humidity, and pressure; k-means needs all of them.')
    vectors = Pipeline(stages=[
        VectorAssembler(inputCols=['temperature', 'humidity', 'pressure'], outputCol='features', handleInvalid='keep'),
        StandardScaler(inputCol='features', outputCol='scaled'),
    ]).fit(complete)
    rows = vectors.transform(complete).cache()
    # Spark starts once, from centres of its own: the best of several starts is kept, as in Lakebook.
    models = [
        KMeans(k=params.clusters, maxIter=20, tol=0.0001, seed=n, featuresCol='scaled').fit(rows)
        for n in range(1, 1 + 10)
    ]
    centres = min(models, key=lambda model: model.summary.trainingCost).clusterCenters()
    # The largest cluster is number 0.
    values = vector_to_array(F.col('scaled'))
    distances = F.array(*[
        F.sqrt(sum(((values[i] - float(x)) ** 2 for i, x in enumerate(centre)), F.lit(0.0)))
        for centre in centres
    ])
    nearest = F.array_position(distances, F.array_min(distances)) - 1
    sizes = rows.groupBy(nearest.alias('n')).count().orderBy(F.desc('count'), 'n').collect()
    number = F.array_position(F.array(*[F.lit(row['n']) for row in sizes]), nearest) - 1
    clustered = (
        vectors.transform(readings)
        .withColumn('cluster', F.when(finite, number.cast('int')))
        .withColumn('distance', F.when(finite, F.array_min(distances)))
        .drop('features', 'scaled')
    )
    return clustered


# Below the rows are the centres, the *silhouette* (near 1: the groups are far apart; near 0: they
# touch) and the *elbow*: the inertia falls steeply from one cluster to two, and then hardly at all.
# Two it is.
#
# Does it mean something?
# -----------------------
#
# *k*-means always finds *k* groups, meaningful or not. It has never seen `sensor_id`. So if each
# station lies entirely in one group, the groups are about the stations.
def by_sensor(clustered: DataFrame) -> DataFrame:
    """Avg and count of temperature; avg of humidity; avg of pressure per sensor_id and cluster."""
    by_sensor = (
        clustered
        .groupBy(F.col('sensor_id'), F.col('cluster'))
        .agg(
            F.avg(F.when(~F.isnan('temperature'), F.col('temperature'))).alias('temperature_avg'),
            F.count(F.when(~F.isnan('temperature'), F.col('temperature'))).alias('temperature_count'),
            F.avg(F.when(~F.isnan('humidity'), F.col('humidity'))).alias('humidity_avg'),
            F.avg(F.when(~F.isnan('pressure'), F.col('pressure'))).alias('pressure_avg'),
        )
        .orderBy(F.col('sensor_id').asc_nulls_last(), F.col('cluster').asc_nulls_last())
    )
    return by_sensor


# The chart “Mean temperature of each sensor (°C), coloured by its cluster” of by_sensor is drawn in
# Lakebook.
#
# Six bars, and each has one colour: four stations indoors, two outside in thinner, colder, wetter
# air, up on a hill. Nobody told it. And the overheated room is still indoors, for its pressure and
# humidity say so.
#
# Take it with you
# ----------------
#
# **Export …** in its menu gives `clustered` as Parquet, with the cluster of each reading and its
# distance to the centre: the far ones are the readings that fit nowhere. `per_sensor` makes a good
# CSV for a report, and `valid_rejects` a good letter to whoever runs the stations.
#
# Try next
# --------
#
# - Set `clusters` to 3. Which group splits, and does the silhouette agree that it should?
# - Turn `standardize` off, then measure pressure in pascals with a `derive` before it (`pressure *
#   100`). Which signal decides now? And with `standardize` on?
# - In `valid`, allow lower case: `'^[Ss][Nn][Ss]-[0-9]{4}$'`. Then `derive` a `sensor_id` in upper
#   case, so that one station isn’t two.
# - Lower `too_warm` to 23: three more readings come in, from another room. Where does “abnormal”
#   begin?

CELLS: list[Cell] = [
    Cell('raw', raw, takes=('@spark', '@path'), gives=('raw', 'raw_rejects')),
    Cell('valid', valid, takes=('raw',), gives=('valid', 'valid_rejects')),
    Cell('quarantined_ids', quarantined_ids, takes=('@spark', 'valid_rejects'), gives=('quarantined_ids',)),
    Cell('complete', complete_, takes=('valid',), gives=('complete',)),
    Cell('timed', timed, takes=('complete',), gives=('timed',)),
    Cell('readings', readings, takes=('timed',), gives=('readings',)),
    Cell('per_sensor', per_sensor, takes=('readings',), gives=('per_sensor',)),
    Cell('abnormal', abnormal, takes=('@spark', '@params', 'readings'), gives=('abnormal',)),
    Cell('clustered', clustered, takes=('@params', 'readings'), gives=('clustered',)),
    Cell('by_sensor', by_sensor, takes=('clustered',), gives=('by_sensor',)),
]

PARAMS: dict[str, Any] = {'too_warm': 30, 'clusters': 2}

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
    for name, value in PARAMS.items():
        parser.add_argument(f'--param-{name}' if f'--{name}' in RESERVED else f'--{name}', dest=f'param_{name}', type=kind_of(value), default=value, help='(default: %(default)s)')
    args = parser.parse_args(argv)
    return args


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
    builder = SparkSession.builder.appName('sensors_from_raw_to_insight')
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
    given['@params'] = argparse.Namespace(**{name: getattr(args, f'param_{name}') for name in PARAMS})
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
