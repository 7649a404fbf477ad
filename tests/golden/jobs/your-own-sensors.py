"""Your own sensors

The pipeline of the compressors doesn’t know that it is about compressors. Here it is once more for
any sensor file: drop yours on the page, and write its name and the names of its columns into the
fields above.

Written by Lakebook from the notebook of that name, for Spark 4. The rows of every cell go to a
folder of its name in --output, as Parquet. Run it with

    spark-submit --packages io.delta:delta-spark_2.13:4.0.1,org.postgresql:postgresql:42.7.7 your_own_sensors.py --input data --output output --lake lake

and see --help for the rest.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

log = logging.getLogger('your_own_sensors')


class Cell(NamedTuple):
    """A cell of the notebook: what its function takes, and the tables that it gives."""

    name: str
    run: Callable[..., Any]
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    live: bool = False
    layer: str = ''
    psql: bool = False


# Your own sensors
# ----------------
#
# The pipeline of the compressors doesn’t know that it is about compressors. Here it is once more
# for any sensor file: drop yours on the page, and write its name and the names of its columns into
# the fields above.
#
# You will learn
#
# - which few facts about a file a pipeline needs, and to keep them in one place;
# - to give columns the pipeline’s own names at the door, so that nothing behind it has to change;
# - what to look at first when data that you don’t know comes in.
#
# It starts with two weeks of five rooms, so that you see it work before you change anything.
#
# | field | what it names |
# | --- | --- |
# | `file` | the file; `plant-*.csv` stands for several |
# | `sensor` | the column that says which sensor a reading is from. A file of one machine has none: write `filename`, and each file is a sensor |
# | `time` | the column of the time |
# | `value`, `second` | two columns of numbers; the limits are about the first |
# | `now` | the moment at which all this takes place: later times are wrong |
# | `deviations` | how many standard deviations from its sensor’s mean a value may be |
# | `warning`, `critical` | the limits for `value`, in its own unit |
#
# If your times aren’t written like `2024-03-04T10:20:00` or `2024-03-04 10:20:00`, tell the cell
# `typed` how they are.
#
# Bronze: what came, as it came
# -----------------------------
#
# The columns you named are read as text, whatever is in them: the first judgement is made in
# silver, where a mistake can be mended.
def raw(spark: SparkSession, path: Callable[[str], str], params: argparse.Namespace) -> tuple[DataFrame, DataFrame]:
    """Load sensors.csv."""
    lines = (
        spark.read
        .schema(
            '`sensor_id` string, `timestamp` string, `temperature` string, `humidity` string, '
            '`_corrupt_record` string'
        )
        .option('header', True)
        .option('escape', '"')
        .option('columnNameOfCorruptRecord', '_corrupt_record')
        .csv(path(params.file))
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
    raw = (
        lines
        .where(~(failed))
        .select(
            'sensor_id',
            'timestamp',
            'temperature',
            'humidity',
            F.col('_file').alias('filename'),
        )
    )
    return raw, raw_rejects


# When a row was loaded, and from which file, is all that bronze adds.
def stamped(raw: DataFrame) -> DataFrame:
    """Add ingested_at."""
    stamped = (
        raw
        .withColumn('ingested_at', F.lit('2024-03-18 00:00:00.000').cast('timestamp'))
        .withColumn('source_file', F.col('filename'))
    )
    return stamped


# From here on, names are the pipeline’s. This is the only cell that knows both.
def chosen(stamped: DataFrame) -> DataFrame:
    """Select sensor_id, timestamp, temperature, humidity, ingested_at, and source_file."""
    chosen = (
        stamped
        .select('sensor_id', 'timestamp', 'temperature', 'humidity', 'ingested_at', 'source_file')
    )
    return chosen


def arrived(chosen: DataFrame) -> DataFrame:
    """Rename sensor_id to sensor_id, timestamp to measured_at, temperature to main_value, and
    humidity to second_value.
    """
    arrived = (
        chosen
        .withColumnsRenamed({'sensor_id': 'sensor_id', 'timestamp': 'measured_at', 'temperature': 'main_value', 'humidity': 'second_value'})
    )
    return arrived


# Run it with one file, then with another: bronze has the rows of both, and those of the same file
# once.
def bronze(spark: SparkSession, arrived: DataFrame) -> DataFrame:
    """Append to lake.own_bronze."""
    # The same rows are appended once: Delta keeps the name of what it applied.
    names = {f"`{name.replace('`', '``')}`": kind for name, kind in arrived.dtypes}
    columns = [F.col(name).cast('string') if '<' in kind else F.col(name) for name, kind in names.items()]
    row = F.xxhash64(*columns, *[F.isnull(column) for column in columns]).cast('decimal(20,0)')
    applied = ' '.join(map(str, ['bronze', *arrived.agg(F.count('*'), F.sum(row)).first()]))
    if spark.catalog.tableExists('lake.own_bronze'):
        arrived.writeTo('lake.own_bronze').option('txnAppId', applied).option('txnVersion', '0').append()
    else:
        (
            arrived
            .writeTo('lake.own_bronze')
            .using('delta')
            .option('txnAppId', applied)
            .option('txnVersion', '0')
            .create()
        )
    bronze = arrived
    return bronze


# Silver: what can be believed
# ----------------------------
#
# Silver reads the table, not the file, so it judges all that ever came.
def bronze_rows(spark: SparkSession) -> DataFrame:
    """Read lake.own_bronze."""
    bronze_rows = spark.read.table('lake.own_bronze')
    return bronze_rows


def typed(bronze_rows: DataFrame) -> tuple[DataFrame, DataFrame]:
    """Cast sensor_id to string, measured_at to timestamp, main_value to double, and second_value
    to double.
    """
    tried = (
        bronze_rows
        .withColumn('sensor_id cast', F.col('sensor_id').cast('string'))
        .withColumn('measured_at cast', F.coalesce(F.try_to_timestamp(F.trim(F.col('measured_at')), F.lit("yyyy-MM-dd'T'HH:mm:ss")), F.try_to_timestamp(F.trim(F.col('measured_at')), F.lit('yyyy-MM-dd HH:mm:ss'))))
        .withColumn('main_value cast', F.expr('try_cast(trim(`main_value`) AS double)'))
        .withColumn('second_value cast', F.expr('try_cast(trim(`second_value`) AS double)'))
    )
    failed = (F.coalesce((F.trim(F.col('sensor_id')) != ''), F.lit(False)) & F.col('sensor_id cast').isNull()) | (F.coalesce((F.trim(F.col('measured_at')) != ''), F.lit(False)) & F.col('measured_at cast').isNull()) | (F.coalesce((F.trim(F.col('main_value')) != ''), F.lit(False)) & F.col('main_value cast').isNull()) | (F.coalesce((F.trim(F.col('second_value')) != ''), F.lit(False)) & F.col('second_value cast').isNull())
    typed = (
        tried
        .filter(~failed)
        .withColumn('sensor_id', F.col('sensor_id cast'))
        .withColumn('measured_at', F.col('measured_at cast'))
        .withColumn('main_value', F.col('main_value cast'))
        .withColumn('second_value', F.col('second_value cast'))
        .drop('sensor_id cast', 'measured_at cast', 'main_value cast', 'second_value cast')
    )
    typed_rejects = (
        tried
        .filter(failed)
        .withColumns(
            {
                'column': F.coalesce(F.when((F.coalesce((F.trim(F.col('measured_at')) != ''), F.lit(False)) & F.col('measured_at cast').isNull()), F.lit('measured_at')), F.when((F.coalesce((F.trim(F.col('main_value')) != ''), F.lit(False)) & F.col('main_value cast').isNull()), F.lit('main_value')), F.when((F.coalesce((F.trim(F.col('second_value')) != ''), F.lit(False)) & F.col('second_value cast').isNull()), F.lit('second_value'))),
                'value': F.coalesce(F.when((F.coalesce((F.trim(F.col('measured_at')) != ''), F.lit(False)) & F.col('measured_at cast').isNull()), F.col('measured_at').cast('string')), F.when((F.coalesce((F.trim(F.col('main_value')) != ''), F.lit(False)) & F.col('main_value cast').isNull()), F.col('main_value').cast('string')), F.when((F.coalesce((F.trim(F.col('second_value')) != ''), F.lit(False)) & F.col('second_value cast').isNull()), F.col('second_value').cast('string'))),
                'reason': F.concat_ws('; ', F.when((F.coalesce((F.trim(F.col('measured_at')) != ''), F.lit(False)) & F.col('measured_at cast').isNull()), F.lit("measured_at is no timestamp (yyyy-MM-dd'T'HH:mm:ss or yyyy-MM-dd HH:mm:ss)")), F.when((F.coalesce((F.trim(F.col('main_value')) != ''), F.lit(False)) & F.col('main_value cast').isNull()), F.lit('main_value is no double')), F.when((F.coalesce((F.trim(F.col('second_value')) != ''), F.lit(False)) & F.col('second_value cast').isNull()), F.lit('second_value is no double'))),
            },
        )
        .drop('sensor_id cast', 'measured_at cast', 'main_value cast', 'second_value cast')
    )
    return typed, typed_rejects


# Look into `typed_rejects` before anything else. What is in there tells more of a logger than its
# manual: dates of the year 0, words between the numbers, a decimal comma. Against the comma, put a
# derive step before `typed`, with `main_value: replace(main_value, ',', '.')`.
#
# A reading without a sensor or a time is nobody’s, and one from the future is from a clock that is
# wrong.
def valid(typed: DataFrame) -> tuple[DataFrame, DataFrame]:
    """Check 2 rules, quarantine rows that break one."""
    rules = {
        'known sensor': F.coalesce(F.col('sensor_id').isNotNull(), F.lit(True)),
        'not in the future': F.coalesce(F.expr("measured_at IS NOT NULL AND measured_at <= CAST(CAST('2024-03-18 00:00:00' AS TIMESTAMP_NTZ) AS TIMESTAMP)"), F.lit(True)),
    }
    failed = F.concat_ws(', ', *[F.when(~holds, F.lit(name)) for name, holds in rules.items()])
    valid = typed.filter(failed == '')
    valid_rejects = (
        typed
        .filter(failed != '')
        .withColumns({
            'rule': failed,
            'reason': F.concat_ws('; ', F.when(~F.col('sensor_id').isNotNull(), 'sensor_id is missing'), F.when(~F.expr("measured_at IS NOT NULL AND measured_at <= CAST(CAST('2024-03-18 00:00:00' AS TIMESTAMP_NTZ) AS TIMESTAMP)"), "not measured_at IS NOT NULL AND measured_at <= CAST('2024-03-18 00:00:00' AS TIMESTAMP)")),
        })
    )
    return valid, valid_rejects


# What was sent twice counts once.
def once(valid: DataFrame) -> DataFrame:
    """Drop duplicates on sensor_id and measured_at, keep the first by ingested_at."""
    once = (
        valid
        .withColumn('_row', F.monotonically_increasing_id())
        .withColumn(
            '_nth',
            F.row_number().over(Window.partitionBy('sensor_id', 'measured_at').orderBy(F.col('ingested_at').asc_nulls_last(), F.col('_row'))),
        )
        .where(F.col('_nth') == 1)
        .drop('_nth')
        .orderBy('_row')
        .drop('_row')
    )
    return once


# Ask each sensor how it is doing: how long it was heard of, how many readings are missing their
# value, and whether its value ever moves. One that never does isn’t steady, it is stuck.
def sensors(spark: SparkSession, once: DataFrame) -> DataFrame:
    """The SQL cell sensors."""
    once.createOrReplaceTempView('once')
    sensors = spark.sql("""
SELECT sensor_id, count(*) AS readings, min(measured_at) AS since, max(measured_at) AS until,
  round((1 - count(main_value) / nullif(count(*), 0)) * 10000) / 10000 AS null_rate, round(stddev(main_value) * 1000) / 1000 AS deviation
FROM once
GROUP BY sensor_id
ORDER BY sensor_id NULLS LAST
""")
    return sensors


# Each sensor is measured against itself, and what is too far away is emptied. Mind the machine that
# really gets worse: the further you go down with `deviations`, the more of its story you delete.
def plausible(params: argparse.Namespace, once: DataFrame) -> DataFrame:
    """Empty main_value and second_value where it is more than 4 standard deviations away per
    sensor_id.
    """
    _value_1 = F.when(F.abs('main_value') < float('inf'), F.col('main_value'))
    _value_2 = F.when(F.abs('second_value') < float('inf'), F.col('second_value'))
    _fences = (
        once
        .groupBy(F.col('sensor_id').alias('_by_1'))
        .agg(
            (F.avg(_value_1) - params.deviations * F.nullif(F.stddev(_value_1), F.lit(0.0))).alias('_low_1'),
            (F.avg(_value_1) + params.deviations * F.nullif(F.stddev(_value_1), F.lit(0.0))).alias('_high_1'),
            (F.avg(_value_2) - params.deviations * F.nullif(F.stddev(_value_2), F.lit(0.0))).alias('_low_2'),
            (F.avg(_value_2) + params.deviations * F.nullif(F.stddev(_value_2), F.lit(0.0))).alias('_high_2'),
        )
    )
    _out_1 = F.coalesce((F.when(~F.isnan('main_value'), F.col('main_value')) < F.col('_low_1')) | (F.when(~F.isnan('main_value'), F.col('main_value')) > F.col('_high_1')), F.lit(False))
    _out_2 = F.coalesce((F.when(~F.isnan('second_value'), F.col('second_value')) < F.col('_low_2')) | (F.when(~F.isnan('second_value'), F.col('second_value')) > F.col('_high_2')), F.lit(False))
    plausible = (
        once
        .join(F.broadcast(_fences), F.col('sensor_id').eqNullSafe(F.col('_by_1')), 'left')
        .withColumns({
            'main_value': F.when(~_out_1, F.col('main_value')),
            'second_value': F.when(~_out_2, F.col('second_value')),
        })
        .drop('_by_1', '_low_1', '_high_1', '_low_2', '_high_2')
    )
    return plausible


def silver(spark: SparkSession, plausible: DataFrame) -> DataFrame:
    """Overwrite lake.own_silver."""
    if spark.catalog.tableExists('lake.own_silver'):
        plausible.writeTo('lake.own_silver').overwrite(F.lit(True))
    else:
        plausible.writeTo('lake.own_silver').using('delta').create()
    silver = plausible
    return silver


# Gold: what can be acted upon
# ----------------------------
#
# How fast a value changes is often worth more than the value.
def silver_rows(spark: SparkSession) -> DataFrame:
    """Read lake.own_silver."""
    silver_rows = spark.read.table('lake.own_silver')
    return silver_rows


def rates(silver_rows: DataFrame) -> DataFrame:
    """Rate of change per hour of main_value and second_value by measured_at per sensor_id."""
    _before = Window.partitionBy('sensor_id').orderBy(F.col('measured_at').asc_nulls_last(), F.col('_row'))
    _hours = F.nullif((F.unix_micros(F.col('measured_at').cast('timestamp')) - F.lag(F.unix_micros(F.col('measured_at').cast('timestamp'))).over(_before)) / 3600000000, F.lit(0.0))
    rates = (
        silver_rows
        .withColumn('_row', F.monotonically_increasing_id())
        .withColumns({
            'main_value_rate_per_hour': (F.when(~F.isnan('main_value'), F.col('main_value')).cast('double') - F.lag(F.when(~F.isnan('main_value'), F.col('main_value')).cast('double')).over(_before)) / _hours,
            'second_value_rate_per_hour': (F.when(~F.isnan('second_value'), F.col('second_value')).cast('double') - F.lag(F.when(~F.isnan('second_value'), F.col('second_value')).cast('double')).over(_before)) / _hours,
        })
        .orderBy('_row')
        .drop('_row')
    )
    return rates


# What is usual depends on how far you look back. Each window goes by time, so a gap makes it hold
# fewer readings, not older ones.
def rolled(rates: DataFrame) -> DataFrame:
    """Rolling mean, std, min, max, and slope of main_value over 1h and 24h per sensor_id."""
    _last_1 = Window.partitionBy('sensor_id').orderBy('_micros').rangeBetween(-3600000000, 0)
    _last_2 = Window.partitionBy('sensor_id').orderBy('_micros').rangeBetween(-86400000000, 0)
    rolled = (
        rates
        .withColumn('_row', F.monotonically_increasing_id())
        .withColumn('_micros', F.unix_micros(F.col('measured_at').cast('timestamp')))
        .withColumns({
            '_hours': (F.col('_micros') - F.median('_micros').over(Window.partitionBy('sensor_id'))) / 3600000000,
            '_finite_1': F.when(F.col('_micros').isNotNull(), F.when(F.abs('main_value') < float('inf'), F.col('main_value')).cast('double')),
        })
        .withColumns({
            'main_value_1h_mean': F.avg('_finite_1').over(_last_1),
            'main_value_1h_std': F.stddev('_finite_1').over(_last_1),
            'main_value_1h_min': F.min('_finite_1').over(_last_1),
            'main_value_1h_max': F.max('_finite_1').over(_last_1),
            'main_value_1h_slope': F.regr_slope('_finite_1', '_hours').over(_last_1),
            'main_value_24h_mean': F.avg('_finite_1').over(_last_2),
            'main_value_24h_std': F.stddev('_finite_1').over(_last_2),
            'main_value_24h_min': F.min('_finite_1').over(_last_2),
            'main_value_24h_max': F.max('_finite_1').over(_last_2),
            'main_value_24h_slope': F.regr_slope('_finite_1', '_hours').over(_last_2),
        })
        .drop('_micros', '_hours', '_finite_1')
        .orderBy('_row')
        .drop('_row')
    )
    return rolled


# A limit makes a word of a number, and a word is what somebody acts upon.
def judged(params: argparse.Namespace, rolled: DataFrame) -> DataFrame:
    """Compare main_value (warning above 28, critical above 29)."""
    judged = (
        rolled
        .withColumns({
            'main_value_status': F.when(F.when(~F.isnan('main_value'), F.col('main_value')) > params.critical, 'critical').when(F.when(~F.isnan('main_value'), F.col('main_value')) > params.warning, 'warning').when(F.when(~F.isnan('main_value'), F.col('main_value')).isNotNull(), 'normal'),
        })
    )
    return judged


# The hour of the day and the day of the week explain much of what sensors do, for people switch
# things on and off by them.
def timed(judged: DataFrame) -> DataFrame:
    """Add hour_of_day, day_of_week, and is_weekend of measured_at."""
    timed = (
        judged
        .withColumns({
            'hour_of_day': F.hour('measured_at'),
            'day_of_week': F.dayofweek('measured_at'),
            'is_weekend': F.dayofweek('measured_at').isin(1, 7),
        })
    )
    return timed


def featured(timed: DataFrame) -> DataFrame:
    """Derive date."""
    featured = timed.withColumns({'date': F.expr('CAST(measured_at AS DATE)')})
    return featured


# Gold is made from the whole of silver, so it is overwritten as silver is, with a folder for each
# day. Were it appended to, each new file would bring every old reading once more.
def gold(spark: SparkSession, featured: DataFrame) -> DataFrame:
    """Overwrite lake.own_gold, partitioned by date."""
    if spark.catalog.tableExists('lake.own_gold'):
        featured.writeTo('lake.own_gold').overwrite(F.lit(True))
    else:
        featured.writeTo('lake.own_gold').using('delta').partitionedBy(F.col('date')).create()
    gold = featured
    return gold


def gold_rows(spark: SparkSession) -> DataFrame:
    """Read lake.own_gold."""
    gold_rows = spark.read.table('lake.own_gold')
    return gold_rows


# A row for each sensor and hour is enough for a picture.
def hourly(gold_rows: DataFrame) -> DataFrame:
    """Avg, min, max, and count of main_value; avg of second_value per sensor_id and hour of
    measured_at.
    """
    hourly = (
        gold_rows
        .groupBy(F.col('sensor_id'), F.date_trunc('hour', 'measured_at').alias('measured_at'))
        .agg(
            F.avg(F.when(~F.isnan('main_value'), F.col('main_value'))).alias('main_value_avg'),
            F.min(F.when(~F.isnan('main_value'), F.col('main_value'))).alias('main_value_min'),
            F.max(F.when(~F.isnan('main_value'), F.col('main_value'))).alias('main_value_max'),
            F.count(F.when(~F.isnan('main_value'), F.col('main_value'))).alias('main_value_count'),
            F.avg(F.when(~F.isnan('second_value'), F.col('second_value'))).alias('second_value_avg'),
        )
        .orderBy(F.col('sensor_id').asc_nulls_last(), F.col('measured_at').asc_nulls_last())
    )
    return hourly


# The chart “The value, hour by hour” of hourly is drawn in Lakebook.
#
# And these are the ones to look at.
def beyond(spark: SparkSession, gold_rows: DataFrame) -> DataFrame:
    """The SQL cell beyond."""
    gold_rows.createOrReplaceTempView('gold_rows')
    beyond = spark.sql("""
SELECT sensor_id, main_value_status AS status, count(*) AS readings, min(measured_at) AS first_at, max(main_value) AS highest
FROM gold_rows
WHERE main_value_status <> 'normal'
GROUP BY sensor_id, main_value_status
ORDER BY sensor_id NULLS LAST, status NULLS LAST
""")
    return beyond


# In the sample it is mostly `TH-103`, the server room, which is warm by nature: its limits should
# be its own. Which limit is right is no question of data.
#
# PostgreSQL: for those who ask
# -----------------------------
#
# A screen that shows the last hour shouldn’t have to read the lake. The hourly rows go to
# PostgreSQL, which has one row for each sensor and hour, and finds it by its key. The first run of
# this cell fetches the database from this site, some 16 MB.
def served(hourly: DataFrame) -> DataFrame:
    """Write to the PostgreSQL table own_readings_agg, updating on sensor_id and measured_at."""
    served = write_postgres(
            hourly,
            'own_readings_agg',
            {'sensor_id': 'text', 'measured_at': 'timestamp without time zone', 'main_value_avg': 'double precision', 'main_value_min': 'double precision', 'main_value_max': 'double precision', 'main_value_count': 'bigint', 'second_value_avg': 'double precision'},
            keys=('sensor_id', 'measured_at',),
            indexes=('measured_at',),
        )
    return served


def latest(spark: SparkSession, served: DataFrame) -> DataFrame:
    """The PostgreSQL cell latest."""
    latest = read_postgres(spark, """
SELECT DISTINCT ON (sensor_id) sensor_id, measured_at, main_value_avg, second_value_avg
FROM own_readings_agg
ORDER BY sensor_id, measured_at DESC
""", {})
    return latest


# Try next
# --------
#
# - Change a limit. Only gold runs again, and what comes after it: look at which cells turned grey.
# - Each run with other limits is another version of `own_gold`. Open its history under **Lake**,
#   and compare the two.
# - The five rooms are in bronze beside your sensors. To start with yours alone, delete `own_bronze`
#   under **Lake** and run again.
# - Your file has more than two columns of numbers? Add them in four cells: `raw`, `chosen`,
#   `arrived` and `typed`. Bronze then needs `merge_schema: true`, once.

CELLS: list[Cell] = [
    Cell('raw', raw, takes=('@spark', '@path', '@params'), gives=('raw', 'raw_rejects'), layer='bronze'),
    Cell('stamped', stamped, takes=('raw',), gives=('stamped',), layer='bronze'),
    Cell('chosen', chosen, takes=('stamped',), gives=('chosen',), layer='bronze'),
    Cell('arrived', arrived, takes=('chosen',), gives=('arrived',), layer='bronze'),
    Cell('bronze', bronze, takes=('@spark', 'arrived'), gives=('bronze',), layer='bronze'),
    Cell('bronze_rows', bronze_rows, takes=('@spark',), gives=('bronze_rows',), live=True, layer='silver'),
    Cell('typed', typed, takes=('bronze_rows',), gives=('typed', 'typed_rejects'), layer='silver'),
    Cell('valid', valid, takes=('typed',), gives=('valid', 'valid_rejects'), layer='silver'),
    Cell('once', once, takes=('valid',), gives=('once',), layer='silver'),
    Cell('sensors', sensors, takes=('@spark', 'once'), gives=('sensors',), layer='silver'),
    Cell('plausible', plausible, takes=('@params', 'once'), gives=('plausible',), layer='silver'),
    Cell('silver', silver, takes=('@spark', 'plausible'), gives=('silver',), layer='silver'),
    Cell('silver_rows', silver_rows, takes=('@spark',), gives=('silver_rows',), live=True, layer='gold'),
    Cell('rates', rates, takes=('silver_rows',), gives=('rates',), layer='gold'),
    Cell('rolled', rolled, takes=('rates',), gives=('rolled',), layer='gold'),
    Cell('judged', judged, takes=('@params', 'rolled'), gives=('judged',), layer='gold'),
    Cell('timed', timed, takes=('judged',), gives=('timed',), layer='gold'),
    Cell('featured', featured, takes=('timed',), gives=('featured',), layer='gold'),
    Cell('gold', gold, takes=('@spark', 'featured'), gives=('gold',), layer='gold'),
    Cell('gold_rows', gold_rows, takes=('@spark',), gives=('gold_rows',), live=True, layer='gold'),
    Cell('hourly', hourly, takes=('gold_rows',), gives=('hourly',), layer='gold'),
    Cell('beyond', beyond, takes=('@spark', 'gold_rows'), gives=('beyond',), layer='gold'),
    Cell('served', served, takes=('hourly',), gives=('served',), layer='postgres'),
    Cell('latest', latest, takes=('@spark', 'served'), gives=('latest',), layer='postgres', psql=True),
]

PARAMS: dict[str, Any] = {'file': 'sensors.csv', 'deviations': 4, 'warning': 28, 'critical': 29}

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
    parser.add_argument('--jdbc', metavar='URL', help='address of PostgreSQL, jdbc:postgresql://…; else PGHOST, PGPORT and PGDATABASE say it. The login is PGUSER and PGPASSWORD')
    parser.add_argument('--skip-postgres', action='store_true', help='write nothing to PostgreSQL and ask it nothing; rows of psql cells are read from --output')
    parser.add_argument('--from', dest='first', metavar='CELL', choices=names, help='begin with this cell; rows of earlier ones are read from --output')
    parser.add_argument('--skip', action='append', default=[], metavar='CELL', choices=names, help='leave this cell out; its rows are read from --output')
    layers = dict.fromkeys(cell.layer for cell in CELLS if cell.layer)
    layers.pop('postgres', None)
    for layer in layers:
        cells = ', '.join(cell.name for cell in CELLS if cell.layer == layer)
        parser.add_argument(f'--skip-{layer}', action='append_const', dest='skip_layers', const=layer, default=[], help=f'leave out what stands under the heading of that name: {cells}')
    parser.add_argument('--list', action='store_true', help='print the names of the cells, and run none')
    parser.add_argument('--verbose', action='store_true', help="show Spark's own messages, and the whole trace of an error")
    for name, value in PARAMS.items():
        parser.add_argument(f'--param-{name}' if f'--{name}' in RESERVED else f'--{name}', dest=f'param_{name}', type=kind_of(value), default=value, help='(default: %(default)s)')
    args = parser.parse_args(argv)
    args.skip_layers += ['postgres'] if args.skip_postgres else []
    args.skip += [cell.name for cell in CELLS if cell.layer in args.skip_layers]
    return args


RESERVED = ('--input', '--output', '--lake', '--from', '--skip', '--list', '--verbose', '--help')
RESERVED += ('--jdbc', '--skip-postgres')


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
    builder = SparkSession.builder.appName('your_own_sensors')
    settings = {
        'spark.sql.adaptive.enabled': 'true',
        'spark.sql.execution.arrow.pyspark.enabled': 'true',
        'spark.sql.extensions': 'io.delta.sql.DeltaSparkSessionExtension',
        'spark.sql.catalog.spark_catalog': 'org.apache.spark.sql.delta.catalog.DeltaCatalog',
    }
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


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
    given['@params'] = argparse.Namespace(**{name: getattr(args, f'param_{name}') for name in PARAMS})
    postgres.update(jdbc=args.jdbc, skip=args.skip_postgres)
    for place, cell in enumerate(CELLS):
        if args.skip_postgres and cell.psql:
            log.info('%-24s not run', cell.name)
            continue
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
