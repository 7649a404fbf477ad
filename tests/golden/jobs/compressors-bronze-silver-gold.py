"""Compressors: bronze, silver, gold

Ten gas compressors send a reading every ten minutes, and two of them are about to break. You build
the pipeline that finds out which, the way it is built wherever this is done for a living: in three
layers, each a table of its own, each made from the one before.

Written by Lakebook from the notebook of that name, for Spark 4. The rows of every cell go to a
folder of its name in --output, as Parquet. Run it with

    spark-submit --packages io.delta:delta-spark_2.13:4.0.1,org.postgresql:postgresql:42.7.7 compressors_bronze_silver_gold.py --input data --output output --lake lake

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

from delta.tables import DeltaTable
from pyspark import StorageLevel
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

log = logging.getLogger('compressors_bronze_silver_gold')


class Cell(NamedTuple):
    """A cell of the notebook: what its function takes, and the tables that it gives."""

    name: str
    run: Callable[..., Any]
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    live: bool = False
    layer: str = ''
    psql: bool = False


# Compressors: bronze, silver, gold
# ---------------------------------
#
# Ten gas compressors send a reading every ten minutes, and two of them are about to break. You
# build the pipeline that finds out which, the way it is built wherever this is done for a living:
# in three layers, each a table of its own, each made from the one before.
#
# You will learn
#
# - what belongs into bronze, silver and gold, and why the layers are kept apart;
# - to write so that a job which runs twice doesn’t count anything twice;
# - to tell a broken sensor from a breaking machine;
# - to turn readings into features that somebody can act upon;
# - to serve the results from a database, and why the lake alone won’t do.
#
# Press **Run all** and read along. The three tables are real Delta Lake tables, under **Lake** in
# the sidebar.
#
# `now` is the moment at which all this takes place: midnight after the week. A real pipeline would
# look at the clock. Here the moment is a parameter, so that the same week gives the same answers on
# every day that you open it.
#
# Bronze: what came, as it came
# -----------------------------
#
# Whatever arrives is written down first and judged later. Every column is read as text: a column
# that is taken for numbers has already lost what the sensor wrote when it could not measure.
def raw(spark: SparkSession, path: Callable[[str], str]) -> tuple[DataFrame, DataFrame]:
    """Load compressors.csv."""
    lines = (
        spark.read
        .schema(
            '`compressor_id` string, `timestamp` string, `vibration_mms` string, '
            '`discharge_temp_f` string, `suction_pressure_psi` string, '
            '`discharge_pressure_psi` string, `horsepower` string, `gas_flow_mcfd` string, '
            '`runtime_hours` string, `_corrupt_record` string'
        )
        .option('header', True)
        .option('escape', '"')
        .option('columnNameOfCorruptRecord', '_corrupt_record')
        .csv(path('compressors.csv'))
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
            'compressor_id',
            'timestamp',
            'vibration_mms',
            'discharge_temp_f',
            'suction_pressure_psi',
            'discharge_pressure_psi',
            'horsepower',
            'gas_flow_mcfd',
            'runtime_hours',
            F.col('_file').alias('filename'),
        )
    )
    return raw, raw_rejects


# Four lines are no readings at all, for they have too few values or too many: half a line, two
# lines that ran into one another, somebody’s remark. They are in `raw_rejects` with their line and
# the reason. A fifth says `ERR` where a number belongs, and has the right number of values: it
# comes in, and is silver’s problem.
#
# Two columns are added, nothing is changed: when a row was loaded, and which file it came from. In
# half a year, when a figure looks strange, these lead back to the delivery it came with.
def stamped(raw: DataFrame) -> DataFrame:
    """Add ingested_at."""
    stamped = (
        raw
        .withColumn('ingested_at', F.lit('2024-01-08 00:00:00.000').cast('timestamp'))
        .withColumn('source_file', F.col('filename'))
    )
    return stamped


# The load also told the file’s name in a column of its own, `filename`. What goes to bronze is said
# column by column, so that a column more in next month’s file is noticed and not swallowed.
def arrived(stamped: DataFrame) -> DataFrame:
    """Select compressor_id, timestamp, vibration_mms, discharge_temp_f, suction_pressure_psi,
    discharge_pressure_psi, horsepower, gas_flow_mcfd, runtime_hours, ingested_at, and
    source_file.
    """
    arrived = (
        stamped
        .select(
            'compressor_id',
            'timestamp',
            'vibration_mms',
            'discharge_temp_f',
            'suction_pressure_psi',
            'discharge_pressure_psi',
            'horsepower',
            'gas_flow_mcfd',
            'runtime_hours',
            'ingested_at',
            'source_file',
        )
    )
    return arrived


def bronze(spark: SparkSession, arrived: DataFrame) -> DataFrame:
    """Append to lake.bronze_readings."""
    # The same rows are appended once: Delta keeps the name of what it applied.
    names = {f"`{name.replace('`', '``')}`": kind for name, kind in arrived.dtypes}
    columns = [F.col(name).cast('string') if '<' in kind else F.col(name) for name, kind in names.items()]
    row = F.xxhash64(*columns, *[F.isnull(column) for column in columns]).cast('decimal(20,0)')
    applied = ' '.join(map(str, ['bronze', *arrived.agg(F.count('*'), F.sum(row)).first()]))
    if spark.catalog.tableExists('lake.bronze_readings'):
        (
            arrived.writeTo('lake.bronze_readings')
            .option('txnAppId', applied)
            .option('txnVersion', '0')
            .append()
        )
    else:
        (
            arrived
            .writeTo('lake.bronze_readings')
            .using('delta')
            .option('txnAppId', applied)
            .option('txnVersion', '0')
            .create()
        )
    bronze = arrived
    return bronze


# Bronze only ever grows. That raises the question that every pipeline has to answer: what happens
# when the job runs twice, because somebody pressed the button again, or because a cluster did? Run
# the cell again. It says that these rows are in version 0 already, and writes nothing. The commit
# in the table’s log carries an entry called `txn`, the name of what was applied, and a writer that
# finds its own name there stops. To do something twice and have it count once is called
# *idempotent*. The PySpark job does the same, with Delta’s `txnAppId` and `txnVersion`: look at the
# cell’s PySpark.
#
# A copy of the file under another name would be another delivery, for its `source_file` differs.
# That isn’t prevented here; silver takes care of it.
#
# Silver: what can be believed
# ----------------------------
#
# Silver begins where bronze ended: it reads the table, not the file. So this layer can run alone,
# tomorrow or on another machine, with whatever bronze holds by then.
def bronze_rows(spark: SparkSession) -> DataFrame:
    """Read lake.bronze_readings."""
    bronze_rows = spark.read.table('lake.bronze_readings')
    return bronze_rows


# First the types. A text that is no number, or no time, sends its row to `typed_rejects`; an empty
# one is a missing value, and stays.
def typed(bronze_rows: DataFrame) -> tuple[DataFrame, DataFrame]:
    """Cast timestamp to timestamp, vibration_mms to double, discharge_temp_f to double,
    suction_pressure_psi to double, discharge_pressure_psi to double, horsepower to double,
    gas_flow_mcfd to double, and runtime_hours to double.
    """
    tried = (
        bronze_rows
        .withColumn('timestamp cast', F.try_to_timestamp(F.trim(F.col('timestamp')), F.lit("yyyy-MM-dd'T'HH:mm:ss")))
        .withColumn('vibration_mms cast', F.expr('try_cast(trim(`vibration_mms`) AS double)'))
        .withColumn('discharge_temp_f cast', F.expr('try_cast(trim(`discharge_temp_f`) AS double)'))
        .withColumn('suction_pressure_psi cast', F.expr('try_cast(trim(`suction_pressure_psi`) AS double)'))
        .withColumn('discharge_pressure_psi cast', F.expr('try_cast(trim(`discharge_pressure_psi`) AS double)'))
        .withColumn('horsepower cast', F.expr('try_cast(trim(`horsepower`) AS double)'))
        .withColumn('gas_flow_mcfd cast', F.expr('try_cast(trim(`gas_flow_mcfd`) AS double)'))
        .withColumn('runtime_hours cast', F.expr('try_cast(trim(`runtime_hours`) AS double)'))
    )
    failed = (F.coalesce((F.trim(F.col('timestamp')) != ''), F.lit(False)) & F.col('timestamp cast').isNull()) | (F.coalesce((F.trim(F.col('vibration_mms')) != ''), F.lit(False)) & F.col('vibration_mms cast').isNull()) | (F.coalesce((F.trim(F.col('discharge_temp_f')) != ''), F.lit(False)) & F.col('discharge_temp_f cast').isNull()) | (F.coalesce((F.trim(F.col('suction_pressure_psi')) != ''), F.lit(False)) & F.col('suction_pressure_psi cast').isNull()) | (F.coalesce((F.trim(F.col('discharge_pressure_psi')) != ''), F.lit(False)) & F.col('discharge_pressure_psi cast').isNull()) | (F.coalesce((F.trim(F.col('horsepower')) != ''), F.lit(False)) & F.col('horsepower cast').isNull()) | (F.coalesce((F.trim(F.col('gas_flow_mcfd')) != ''), F.lit(False)) & F.col('gas_flow_mcfd cast').isNull()) | (F.coalesce((F.trim(F.col('runtime_hours')) != ''), F.lit(False)) & F.col('runtime_hours cast').isNull())
    typed = (
        tried
        .filter(~failed)
        .withColumn('timestamp', F.col('timestamp cast'))
        .withColumn('vibration_mms', F.col('vibration_mms cast'))
        .withColumn('discharge_temp_f', F.col('discharge_temp_f cast'))
        .withColumn('suction_pressure_psi', F.col('suction_pressure_psi cast'))
        .withColumn('discharge_pressure_psi', F.col('discharge_pressure_psi cast'))
        .withColumn('horsepower', F.col('horsepower cast'))
        .withColumn('gas_flow_mcfd', F.col('gas_flow_mcfd cast'))
        .withColumn('runtime_hours', F.col('runtime_hours cast'))
        .drop('timestamp cast', 'vibration_mms cast', 'discharge_temp_f cast', 'suction_pressure_psi cast', 'discharge_pressure_psi cast', 'horsepower cast', 'gas_flow_mcfd cast', 'runtime_hours cast')
    )
    typed_rejects = (
        tried
        .filter(failed)
        .withColumns(
            {
                'column': F.coalesce(F.when((F.coalesce((F.trim(F.col('timestamp')) != ''), F.lit(False)) & F.col('timestamp cast').isNull()), F.lit('timestamp')), F.when((F.coalesce((F.trim(F.col('vibration_mms')) != ''), F.lit(False)) & F.col('vibration_mms cast').isNull()), F.lit('vibration_mms')), F.when((F.coalesce((F.trim(F.col('discharge_temp_f')) != ''), F.lit(False)) & F.col('discharge_temp_f cast').isNull()), F.lit('discharge_temp_f')), F.when((F.coalesce((F.trim(F.col('suction_pressure_psi')) != ''), F.lit(False)) & F.col('suction_pressure_psi cast').isNull()), F.lit('suction_pressure_psi')), F.when((F.coalesce((F.trim(F.col('discharge_pressure_psi')) != ''), F.lit(False)) & F.col('discharge_pressure_psi cast').isNull()), F.lit('discharge_pressure_psi')), F.when((F.coalesce((F.trim(F.col('horsepower')) != ''), F.lit(False)) & F.col('horsepower cast').isNull()), F.lit('horsepower')), F.when((F.coalesce((F.trim(F.col('gas_flow_mcfd')) != ''), F.lit(False)) & F.col('gas_flow_mcfd cast').isNull()), F.lit('gas_flow_mcfd')), F.when((F.coalesce((F.trim(F.col('runtime_hours')) != ''), F.lit(False)) & F.col('runtime_hours cast').isNull()), F.lit('runtime_hours'))),
                'value': F.coalesce(F.when((F.coalesce((F.trim(F.col('timestamp')) != ''), F.lit(False)) & F.col('timestamp cast').isNull()), F.col('timestamp').cast('string')), F.when((F.coalesce((F.trim(F.col('vibration_mms')) != ''), F.lit(False)) & F.col('vibration_mms cast').isNull()), F.col('vibration_mms').cast('string')), F.when((F.coalesce((F.trim(F.col('discharge_temp_f')) != ''), F.lit(False)) & F.col('discharge_temp_f cast').isNull()), F.col('discharge_temp_f').cast('string')), F.when((F.coalesce((F.trim(F.col('suction_pressure_psi')) != ''), F.lit(False)) & F.col('suction_pressure_psi cast').isNull()), F.col('suction_pressure_psi').cast('string')), F.when((F.coalesce((F.trim(F.col('discharge_pressure_psi')) != ''), F.lit(False)) & F.col('discharge_pressure_psi cast').isNull()), F.col('discharge_pressure_psi').cast('string')), F.when((F.coalesce((F.trim(F.col('horsepower')) != ''), F.lit(False)) & F.col('horsepower cast').isNull()), F.col('horsepower').cast('string')), F.when((F.coalesce((F.trim(F.col('gas_flow_mcfd')) != ''), F.lit(False)) & F.col('gas_flow_mcfd cast').isNull()), F.col('gas_flow_mcfd').cast('string')), F.when((F.coalesce((F.trim(F.col('runtime_hours')) != ''), F.lit(False)) & F.col('runtime_hours cast').isNull()), F.col('runtime_hours').cast('string'))),
                'reason': F.concat_ws('; ', F.when((F.coalesce((F.trim(F.col('timestamp')) != ''), F.lit(False)) & F.col('timestamp cast').isNull()), F.lit("timestamp is no timestamp (yyyy-MM-dd'T'HH:mm:ss)")), F.when((F.coalesce((F.trim(F.col('vibration_mms')) != ''), F.lit(False)) & F.col('vibration_mms cast').isNull()), F.lit('vibration_mms is no double')), F.when((F.coalesce((F.trim(F.col('discharge_temp_f')) != ''), F.lit(False)) & F.col('discharge_temp_f cast').isNull()), F.lit('discharge_temp_f is no double')), F.when((F.coalesce((F.trim(F.col('suction_pressure_psi')) != ''), F.lit(False)) & F.col('suction_pressure_psi cast').isNull()), F.lit('suction_pressure_psi is no double')), F.when((F.coalesce((F.trim(F.col('discharge_pressure_psi')) != ''), F.lit(False)) & F.col('discharge_pressure_psi cast').isNull()), F.lit('discharge_pressure_psi is no double')), F.when((F.coalesce((F.trim(F.col('horsepower')) != ''), F.lit(False)) & F.col('horsepower cast').isNull()), F.lit('horsepower is no double')), F.when((F.coalesce((F.trim(F.col('gas_flow_mcfd')) != ''), F.lit(False)) & F.col('gas_flow_mcfd cast').isNull()), F.lit('gas_flow_mcfd is no double')), F.when((F.coalesce((F.trim(F.col('runtime_hours')) != ''), F.lit(False)) & F.col('runtime_hours cast').isNull()), F.lit('runtime_hours is no double'))),
            },
        )
        .drop('timestamp cast', 'vibration_mms cast', 'discharge_temp_f cast', 'suction_pressure_psi cast', 'discharge_pressure_psi cast', 'horsepower cast', 'gas_flow_mcfd cast', 'runtime_hours cast')
    )
    return typed, typed_rejects


# Then the two things without which a reading is worth nothing: whose it is, and when it was. Some
# ids are none (`comp-006` in lower case, `COMP-` cut short), and some times lie in the year 2043.
# No prophecy: GPS counts its weeks in ten bits, and a clock that has lost count is 1,024 weeks off.
def valid(typed: DataFrame) -> tuple[DataFrame, DataFrame]:
    """Check 2 rules, quarantine rows that break one."""
    rules = {
        'known compressor': F.coalesce(F.col('compressor_id').isNotNull(), F.lit(True)) & F.coalesce(F.col('compressor_id').rlike('^COMP-[0-9]{3}\\z'), F.lit(True)),
        'not in the future': F.coalesce(F.expr("timestamp IS NOT NULL AND timestamp <= CAST(CAST('2024-01-08 00:00:00' AS TIMESTAMP_NTZ) AS TIMESTAMP)"), F.lit(True)),
    }
    failed = F.concat_ws(', ', *[F.when(~holds, F.lit(name)) for name, holds in rules.items()])
    valid = typed.filter(failed == '')
    valid_rejects = (
        typed
        .filter(failed != '')
        .withColumns({
            'rule': failed,
            'reason': F.concat_ws('; ', F.when(~F.col('compressor_id').isNotNull(), 'compressor_id is missing'), F.when(~F.col('compressor_id').rlike('^COMP-[0-9]{3}\\z'), 'compressor_id doesn’t match ^COMP-[0-9]{3}$'), F.when(~F.expr("timestamp IS NOT NULL AND timestamp <= CAST(CAST('2024-01-08 00:00:00' AS TIMESTAMP_NTZ) AS TIMESTAMP)"), "not timestamp IS NOT NULL AND timestamp <= CAST('2024-01-08 00:00:00' AS TIMESTAMP)")),
        })
    )
    return valid, valid_rejects


def quarantined(spark: SparkSession, valid_rejects: DataFrame) -> DataFrame:
    """The SQL cell quarantined."""
    valid_rejects.createOrReplaceTempView('valid_rejects')
    quarantined = spark.sql("""
SELECT rule, count(*) AS readings, min(reason) AS for_example
FROM valid_rejects
GROUP BY rule
ORDER BY rule NULLS LAST
""")
    return quarantined


# A reading that was sent twice is one reading. Which key says so is a decision, and here it is an
# easy one: a compressor can’t have two states at one moment.
def once(valid: DataFrame) -> DataFrame:
    """Drop duplicates on compressor_id and timestamp, keep the first by ingested_at."""
    once = (
        valid
        .withColumn('_row', F.monotonically_increasing_id())
        .withColumn(
            '_nth',
            F.row_number().over(Window.partitionBy('compressor_id', 'timestamp').orderBy(F.col('ingested_at').asc_nulls_last(), F.col('_row'))),
        )
        .where(F.col('_nth') == 1)
        .drop('_nth')
        .orderBy('_row')
        .drop('_row')
    )
    return once


# How much is missing, and where? A column that is suddenly empty is a broken wire, and the mean of
# what is left won’t tell you.
def null_rates(spark: SparkSession, once: DataFrame) -> DataFrame:
    """The SQL cell null_rates."""
    once.createOrReplaceTempView('once')
    null_rates = spark.sql("""
SELECT 'vibration_mms' AS metric, round((1 - count(vibration_mms) / nullif(count(*), 0)) * 10000) / 10000 AS null_rate FROM once
UNION ALL SELECT 'discharge_temp_f', round((1 - count(discharge_temp_f) / nullif(count(*), 0)) * 10000) / 10000 AS _1 FROM once
UNION ALL SELECT 'suction_pressure_psi', round((1 - count(suction_pressure_psi) / nullif(count(*), 0)) * 10000) / 10000 AS _1 FROM once
UNION ALL SELECT 'discharge_pressure_psi', round((1 - count(discharge_pressure_psi) / nullif(count(*), 0)) * 10000) / 10000 AS _1 FROM once
UNION ALL SELECT 'horsepower', round((1 - count(horsepower) / nullif(count(*), 0)) * 10000) / 10000 AS _1 FROM once
UNION ALL SELECT 'gas_flow_mcfd', round((1 - count(gas_flow_mcfd) / nullif(count(*), 0)) * 10000) / 10000 AS _1 FROM once
""")
    return null_rates


# Now the hard one. 999.9 °F is a torn thermocouple, 9.3 mm/s is a bearing: both are far from the
# mean, and one of them is the very thing we are looking for. What helps is to measure each
# compressor against itself, and to be patient: `deviations` is 4, and a machine that gets worse
# over days moves its own mean and its own deviation along. A sensor that breaks doesn’t.
#
# What is too far away is emptied, not removed. The other five values of that reading are fine.
def plausible(params: argparse.Namespace, once: DataFrame) -> DataFrame:
    """Empty vibration_mms, discharge_temp_f, and suction_pressure_psi where it is more than 4
    standard deviations away per compressor_id.
    """
    _value_1 = F.when(F.abs('vibration_mms') < float('inf'), F.col('vibration_mms'))
    _value_2 = F.when(F.abs('discharge_temp_f') < float('inf'), F.col('discharge_temp_f'))
    _value_3 = F.when(F.abs('suction_pressure_psi') < float('inf'), F.col('suction_pressure_psi'))
    _fences = (
        once
        .groupBy(F.col('compressor_id').alias('_by_1'))
        .agg(
            (F.avg(_value_1) - params.deviations * F.nullif(F.stddev(_value_1), F.lit(0.0))).alias('_low_1'),
            (F.avg(_value_1) + params.deviations * F.nullif(F.stddev(_value_1), F.lit(0.0))).alias('_high_1'),
            (F.avg(_value_2) - params.deviations * F.nullif(F.stddev(_value_2), F.lit(0.0))).alias('_low_2'),
            (F.avg(_value_2) + params.deviations * F.nullif(F.stddev(_value_2), F.lit(0.0))).alias('_high_2'),
            (F.avg(_value_3) - params.deviations * F.nullif(F.stddev(_value_3), F.lit(0.0))).alias('_low_3'),
            (F.avg(_value_3) + params.deviations * F.nullif(F.stddev(_value_3), F.lit(0.0))).alias('_high_3'),
        )
    )
    _out_1 = F.coalesce((F.when(~F.isnan('vibration_mms'), F.col('vibration_mms')) < F.col('_low_1')) | (F.when(~F.isnan('vibration_mms'), F.col('vibration_mms')) > F.col('_high_1')), F.lit(False))
    _out_2 = F.coalesce((F.when(~F.isnan('discharge_temp_f'), F.col('discharge_temp_f')) < F.col('_low_2')) | (F.when(~F.isnan('discharge_temp_f'), F.col('discharge_temp_f')) > F.col('_high_2')), F.lit(False))
    _out_3 = F.coalesce((F.when(~F.isnan('suction_pressure_psi'), F.col('suction_pressure_psi')) < F.col('_low_3')) | (F.when(~F.isnan('suction_pressure_psi'), F.col('suction_pressure_psi')) > F.col('_high_3')), F.lit(False))
    plausible = (
        once
        .join(F.broadcast(_fences), F.col('compressor_id').eqNullSafe(F.col('_by_1')), 'left')
        .withColumns({
            'vibration_mms': F.when(~_out_1, F.col('vibration_mms')),
            'discharge_temp_f': F.when(~_out_2, F.col('discharge_temp_f')),
            'suction_pressure_psi': F.when(~_out_3, F.col('suction_pressure_psi')),
        })
        .drop('_by_1', '_low_1', '_high_1', '_low_2', '_high_2', '_low_3', '_high_3')
    )
    return plausible


# At last, what the machine is. The list has ten rows, the readings have ten thousand. In a cluster
# the readings lie on many machines, and bringing equal ids together would mean to send most of them
# around; so Spark sends the small table to every machine instead, and calls it a *broadcast join*.
# A *left* join keeps a reading even when nobody has entered its compressor.
def fleet(spark: SparkSession, path: Callable[[str], str]) -> tuple[DataFrame, DataFrame]:
    """Load compressor-metadata.csv."""
    lines = (
        spark.read
        .schema(
            '`compressor_id` string, `model` string, `install_date` date, `site` string, '
            '`location` string, `_corrupt_record` string'
        )
        .option('header', True)
        .option('escape', '"')
        .option('columnNameOfCorruptRecord', '_corrupt_record')
        .csv(path('compressor-metadata.csv'))
        .withColumn('_file', F.col('_metadata.file_name'))
        .cache()
    )
    failed = F.col('_corrupt_record').isNotNull()
    # Spark keeps the text of what it can’t read, but neither its line nor the reason.
    fleet_rejects = (
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
    fleet = lines.where(~(failed)).select('compressor_id', 'model', 'install_date', 'site', 'location')
    return fleet, fleet_rejects


def located(plausible: DataFrame, fleet: DataFrame) -> DataFrame:
    """Join with fleet on compressor_id, and keep every row."""
    located = plausible.join(F.broadcast(fleet), on='compressor_id', how='left')
    return located


# Silver is overwritten, as a whole, each time. It is made from bronze alone, so nothing is lost;
# and when you find a mistake in a rule above, you mend the rule and run it again, over all that
# ever came. That is what bronze is kept for.
def silver(spark: SparkSession, located: DataFrame) -> DataFrame:
    """Overwrite lake.silver_readings."""
    if spark.catalog.tableExists('lake.silver_readings'):
        located.writeTo('lake.silver_readings').overwrite(F.lit(True))
    else:
        located.writeTo('lake.silver_readings').using('delta').create()
    silver = located
    return silver


# Quality: measured, not hoped
# ----------------------------
#
# Is silver good? “Looks fine” is no answer that anybody could compare with last month’s. So what
# good data looks like is written down, as checks, and each run is measured against it: is the
# newest reading fresh (at most 15 minutes old), is enough there (at most 5 % missing in a column),
# are the columns those we expect, are the values possible, is every reading there once, is none
# from the future; and one rule of our own, that a compressor’s gas leaves it at a higher pressure
# than it came.
def silver_checked(spark: SparkSession) -> DataFrame:
    """Read lake.silver_readings."""
    silver_checked = spark.read.table('lake.silver_readings')
    return silver_checked


def quality(silver_checked: DataFrame) -> tuple[DataFrame, DataFrame]:
    """Check quality: fresh within 15m, at most 5 % missing, 4 columns as expected, 4 ranges,
    unique by compressor_id and timestamp, and 1 condition.
    """
    _now = F.lit('2024-01-08 00:00:00.000').cast('timestamp')
    _types = {name.lower(): kind for name, kind in silver_checked.dtypes}
    _totals = (
        silver_checked
        .agg(
            F.count('*').alias('rows'),
            F.count_if(F.col('compressor_id').isNull()).alias('missing_1'),
            F.count_if(F.col('timestamp').isNull()).alias('missing_2'),
            F.count_if(F.when(~F.isnan('vibration_mms'), F.col('vibration_mms')).isNull()).alias('missing_3'),
            F.count_if(F.when(~F.isnan('discharge_temp_f'), F.col('discharge_temp_f')).isNull()).alias('missing_4'),
            F.count_if(F.when(~F.isnan('suction_pressure_psi'), F.col('suction_pressure_psi')).isNull()).alias('missing_5'),
            F.count_if(F.when(~F.isnan('discharge_pressure_psi'), F.col('discharge_pressure_psi')).isNull()).alias('missing_6'),
            F.count_if(F.when(~F.isnan('horsepower'), F.col('horsepower')).isNull()).alias('missing_7'),
            F.count_if(F.when(~F.isnan('gas_flow_mcfd'), F.col('gas_flow_mcfd')).isNull()).alias('missing_8'),
            F.count_if(F.when(~F.isnan('runtime_hours'), F.col('runtime_hours')).isNull()).alias('missing_9'),
            F.count_if(F.col('ingested_at').isNull()).alias('missing_10'),
            F.count_if(F.col('source_file').isNull()).alias('missing_11'),
            F.count_if(F.col('model').isNull()).alias('missing_12'),
            F.count_if(F.col('install_date').isNull()).alias('missing_13'),
            F.count_if(F.col('site').isNull()).alias('missing_14'),
            F.count_if(F.col('location').isNull()).alias('missing_15'),
            F.count_if((F.when(~F.isnan('vibration_mms'), F.col('vibration_mms')) < 0) | (F.when(~F.isnan('vibration_mms'), F.col('vibration_mms')) > 50)).alias('outside_1'),
            F.count(F.when(~F.isnan('vibration_mms'), F.col('vibration_mms'))).alias('ranged_1'),
            F.count_if((F.when(~F.isnan('discharge_temp_f'), F.col('discharge_temp_f')) < 60) | (F.when(~F.isnan('discharge_temp_f'), F.col('discharge_temp_f')) > 400)).alias('outside_2'),
            F.count(F.when(~F.isnan('discharge_temp_f'), F.col('discharge_temp_f'))).alias('ranged_2'),
            F.count_if((F.when(~F.isnan('suction_pressure_psi'), F.col('suction_pressure_psi')) < 20) | (F.when(~F.isnan('suction_pressure_psi'), F.col('suction_pressure_psi')) > 200)).alias('outside_3'),
            F.count(F.when(~F.isnan('suction_pressure_psi'), F.col('suction_pressure_psi'))).alias('ranged_3'),
            F.count_if((F.when(~F.isnan('discharge_pressure_psi'), F.col('discharge_pressure_psi')) < 500) | (F.when(~F.isnan('discharge_pressure_psi'), F.col('discharge_pressure_psi')) > 1500)).alias('outside_4'),
            F.count(F.when(~F.isnan('discharge_pressure_psi'), F.col('discharge_pressure_psi'))).alias('ranged_4'),
            F.count_if(F.col('timestamp') > _now).alias('future'),
            F.count(F.col('timestamp')).alias('timed'),
            F.count_if(~F.expr('discharge_pressure_psi > suction_pressure_psi')).alias('untrue_1'),
            F.count(F.expr('discharge_pressure_psi > suction_pressure_psi')).alias('decided_1'),
            F.max(F.when(F.col('timestamp') <= _now, F.col('timestamp'))).alias('newest'),
        )
    )
    _fresh = (
        _totals
        .select('newest')
        .withColumn('is_stale', F.col('newest').isNull() | (F.unix_micros(_now) - F.unix_micros('newest') > 900000000))
    )
    _ages = (
        _fresh
        .agg(
            F.when(F.count('newest') == F.count('*'), F.min('newest')).alias('oldest'),
            F.count_if('is_stale').alias('stale'),
            F.nullif(F.count('*'), F.lit(0)).alias('sources'),
        )
        .withColumn('age', (F.unix_micros(_now) - F.unix_micros('oldest')) / 60000000.0)
    )
    _keyed = (
        silver_checked
        .where(F.col('compressor_id').isNotNull() & F.col('timestamp').isNotNull())
        .groupBy(F.col('compressor_id'), F.col('timestamp'))
        .agg(F.count('*').alias('n'))
        .agg(
            F.coalesce(F.sum(F.when(F.col('n') > 1, F.col('n'))), F.lit(0)).alias('repeated'),
            F.coalesce(F.sum('n'), F.lit(0)).alias('keyed'),
        )
    )
    _fields = {'dimension': 'string', 'check_name': 'string', 'column_name': 'string', 'observed': 'double', 'threshold': 'double', 'unit': 'string', 'rows_failing': 'bigint', 'rows_checked': 'bigint', 'expected': 'string', 'found': 'string'}
    _checks = [
        ('freshness', 'freshness', 'timestamp', F.col('age'), 15, 'minutes', F.least('stale', 'rows'), F.nullif(F.least('sources', 'rows'), F.lit(0)), 'at most 15m old', F.date_format('oldest', 'yyyy-MM-dd HH:mm:ss')),
        ('completeness', 'compressor_id_missing', 'compressor_id', F.when(F.col('rows') > 0, 100.0 * F.col('missing_1') / F.col('rows')), 5, 'percent', F.col('missing_1'), F.col('rows'), 'at most 5 % missing', None),
        ('completeness', 'timestamp_missing', 'timestamp', F.when(F.col('rows') > 0, 100.0 * F.col('missing_2') / F.col('rows')), 5, 'percent', F.col('missing_2'), F.col('rows'), 'at most 5 % missing', None),
        ('completeness', 'vibration_mms_missing', 'vibration_mms', F.when(F.col('rows') > 0, 100.0 * F.col('missing_3') / F.col('rows')), 5, 'percent', F.col('missing_3'), F.col('rows'), 'at most 5 % missing', None),
        ('completeness', 'discharge_temp_f_missing', 'discharge_temp_f', F.when(F.col('rows') > 0, 100.0 * F.col('missing_4') / F.col('rows')), 5, 'percent', F.col('missing_4'), F.col('rows'), 'at most 5 % missing', None),
        ('completeness', 'suction_pressure_psi_missing', 'suction_pressure_psi', F.when(F.col('rows') > 0, 100.0 * F.col('missing_5') / F.col('rows')), 5, 'percent', F.col('missing_5'), F.col('rows'), 'at most 5 % missing', None),
        ('completeness', 'discharge_pressure_psi_missing', 'discharge_pressure_psi', F.when(F.col('rows') > 0, 100.0 * F.col('missing_6') / F.col('rows')), 5, 'percent', F.col('missing_6'), F.col('rows'), 'at most 5 % missing', None),
        ('completeness', 'horsepower_missing', 'horsepower', F.when(F.col('rows') > 0, 100.0 * F.col('missing_7') / F.col('rows')), 5, 'percent', F.col('missing_7'), F.col('rows'), 'at most 5 % missing', None),
        ('completeness', 'gas_flow_mcfd_missing', 'gas_flow_mcfd', F.when(F.col('rows') > 0, 100.0 * F.col('missing_8') / F.col('rows')), 5, 'percent', F.col('missing_8'), F.col('rows'), 'at most 5 % missing', None),
        ('completeness', 'runtime_hours_missing', 'runtime_hours', F.when(F.col('rows') > 0, 100.0 * F.col('missing_9') / F.col('rows')), 5, 'percent', F.col('missing_9'), F.col('rows'), 'at most 5 % missing', None),
        ('completeness', 'ingested_at_missing', 'ingested_at', F.when(F.col('rows') > 0, 100.0 * F.col('missing_10') / F.col('rows')), 5, 'percent', F.col('missing_10'), F.col('rows'), 'at most 5 % missing', None),
        ('completeness', 'source_file_missing', 'source_file', F.when(F.col('rows') > 0, 100.0 * F.col('missing_11') / F.col('rows')), 5, 'percent', F.col('missing_11'), F.col('rows'), 'at most 5 % missing', None),
        ('completeness', 'model_missing', 'model', F.when(F.col('rows') > 0, 100.0 * F.col('missing_12') / F.col('rows')), 5, 'percent', F.col('missing_12'), F.col('rows'), 'at most 5 % missing', None),
        ('completeness', 'install_date_missing', 'install_date', F.when(F.col('rows') > 0, 100.0 * F.col('missing_13') / F.col('rows')), 5, 'percent', F.col('missing_13'), F.col('rows'), 'at most 5 % missing', None),
        ('completeness', 'site_missing', 'site', F.when(F.col('rows') > 0, 100.0 * F.col('missing_14') / F.col('rows')), 5, 'percent', F.col('missing_14'), F.col('rows'), 'at most 5 % missing', None),
        ('completeness', 'location_missing', 'location', F.when(F.col('rows') > 0, 100.0 * F.col('missing_15') / F.col('rows')), 5, 'percent', F.col('missing_15'), F.col('rows'), 'at most 5 % missing', None),
        ('consistency', 'compressor_id_type', 'compressor_id', float(_types.get('compressor_id', 'missing') != 'string'), 0, 'columns', None, None, 'string', _types.get('compressor_id', 'missing')),
        ('consistency', 'timestamp_type', 'timestamp', float(_types.get('timestamp', 'missing') != 'timestamp'), 0, 'columns', None, None, 'timestamp', _types.get('timestamp', 'missing')),
        ('consistency', 'vibration_mms_type', 'vibration_mms', float(_types.get('vibration_mms', 'missing') != 'double'), 0, 'columns', None, None, 'double', _types.get('vibration_mms', 'missing')),
        ('consistency', 'discharge_temp_f_type', 'discharge_temp_f', float(_types.get('discharge_temp_f', 'missing') != 'double'), 0, 'columns', None, None, 'double', _types.get('discharge_temp_f', 'missing')),
        ('accuracy', 'vibration_mms_range', 'vibration_mms', F.when(F.col('ranged_1') > 0, 100.0 * F.col('outside_1') / F.col('ranged_1')), 0, 'percent', F.col('outside_1'), F.col('ranged_1'), '0 to 50', None),
        ('accuracy', 'discharge_temp_f_range', 'discharge_temp_f', F.when(F.col('ranged_2') > 0, 100.0 * F.col('outside_2') / F.col('ranged_2')), 0, 'percent', F.col('outside_2'), F.col('ranged_2'), '60 to 400', None),
        ('accuracy', 'suction_pressure_psi_range', 'suction_pressure_psi', F.when(F.col('ranged_3') > 0, 100.0 * F.col('outside_3') / F.col('ranged_3')), 0, 'percent', F.col('outside_3'), F.col('ranged_3'), '20 to 200', None),
        ('accuracy', 'discharge_pressure_psi_range', 'discharge_pressure_psi', F.when(F.col('ranged_4') > 0, 100.0 * F.col('outside_4') / F.col('ranged_4')), 0, 'percent', F.col('outside_4'), F.col('ranged_4'), '500 to 1500', None),
        ('uniqueness', 'unique_key', None, F.when(F.col('keyed') > 0, 100.0 * F.col('repeated') / F.col('keyed')), 0, 'percent', F.col('repeated'), F.col('keyed'), 'one row for each compressor_id and timestamp', None),
        ('validity', 'no_future_times', 'timestamp', F.when(F.col('timed') > 0, 100.0 * F.col('future') / F.col('timed')), 0, 'percent', F.col('future'), F.col('timed'), 'not in the future', None),
        ('validity', 'pressure rises', None, F.when(F.col('decided_1') > 0, 100.0 * F.col('untrue_1') / F.col('decided_1')), 0, 'percent', F.col('untrue_1'), F.col('decided_1'), 'discharge_pressure_psi > suction_pressure_psi', None),
    ]
    quality = (
        _totals
        .crossJoin(_ages)
        .crossJoin(_keyed)
        .select(F.inline(F.array(*[F.struct(*[F.lit(value).cast(kind).alias(name) for value, (name, kind) in zip(check, _fields.items())]) for check in _checks])))
        .select(_now.alias('run_at'), F.lit('silver_checked').alias('table_name'), 'dimension', 'check_name', 'column_name', 'observed', 'threshold', 'unit', F.coalesce(F.col('observed') <= F.col('threshold'), F.col('rows_checked') == 0, F.lit(False)).alias('passed'), 'rows_failing', 'rows_checked', 'expected', 'found')
    )
    _numbered = silver_checked.withColumn('_row', F.monotonically_increasing_id())
    _repeated = (
        silver_checked
        .where(F.col('compressor_id').isNotNull() & F.col('timestamp').isNotNull())
        .groupBy(F.col('compressor_id').alias('_key_1'), F.col('timestamp').alias('_key_2'))
        .agg((F.count('*') > 1).alias('_repeated'))
        .where('_repeated')
    )
    _wrong = {
        (1, 'completeness', 'compressor_id_missing', 'compressor_id is missing'): F.col('_too_many_1') & F.col('compressor_id').isNull(),
        (2, 'completeness', 'timestamp_missing', 'timestamp is missing'): F.col('_too_many_2') & F.col('timestamp').isNull(),
        (3, 'completeness', 'vibration_mms_missing', 'vibration_mms is missing'): F.col('_too_many_3') & F.when(~F.isnan('vibration_mms'), F.col('vibration_mms')).isNull(),
        (4, 'completeness', 'discharge_temp_f_missing', 'discharge_temp_f is missing'): F.col('_too_many_4') & F.when(~F.isnan('discharge_temp_f'), F.col('discharge_temp_f')).isNull(),
        (5, 'completeness', 'suction_pressure_psi_missing', 'suction_pressure_psi is missing'): F.col('_too_many_5') & F.when(~F.isnan('suction_pressure_psi'), F.col('suction_pressure_psi')).isNull(),
        (6, 'completeness', 'discharge_pressure_psi_missing', 'discharge_pressure_psi is missing'): F.col('_too_many_6') & F.when(~F.isnan('discharge_pressure_psi'), F.col('discharge_pressure_psi')).isNull(),
        (7, 'completeness', 'horsepower_missing', 'horsepower is missing'): F.col('_too_many_7') & F.when(~F.isnan('horsepower'), F.col('horsepower')).isNull(),
        (8, 'completeness', 'gas_flow_mcfd_missing', 'gas_flow_mcfd is missing'): F.col('_too_many_8') & F.when(~F.isnan('gas_flow_mcfd'), F.col('gas_flow_mcfd')).isNull(),
        (9, 'completeness', 'runtime_hours_missing', 'runtime_hours is missing'): F.col('_too_many_9') & F.when(~F.isnan('runtime_hours'), F.col('runtime_hours')).isNull(),
        (10, 'completeness', 'ingested_at_missing', 'ingested_at is missing'): F.col('_too_many_10') & F.col('ingested_at').isNull(),
        (11, 'completeness', 'source_file_missing', 'source_file is missing'): F.col('_too_many_11') & F.col('source_file').isNull(),
        (12, 'completeness', 'model_missing', 'model is missing'): F.col('_too_many_12') & F.col('model').isNull(),
        (13, 'completeness', 'install_date_missing', 'install_date is missing'): F.col('_too_many_13') & F.col('install_date').isNull(),
        (14, 'completeness', 'site_missing', 'site is missing'): F.col('_too_many_14') & F.col('site').isNull(),
        (15, 'completeness', 'location_missing', 'location is missing'): F.col('_too_many_15') & F.col('location').isNull(),
        (20, 'accuracy', 'vibration_mms_range', 'vibration_mms is not from 0 to 50'): (F.when(~F.isnan('vibration_mms'), F.col('vibration_mms')) < 0) | (F.when(~F.isnan('vibration_mms'), F.col('vibration_mms')) > 50),
        (21, 'accuracy', 'discharge_temp_f_range', 'discharge_temp_f is not from 60 to 400'): (F.when(~F.isnan('discharge_temp_f'), F.col('discharge_temp_f')) < 60) | (F.when(~F.isnan('discharge_temp_f'), F.col('discharge_temp_f')) > 400),
        (22, 'accuracy', 'suction_pressure_psi_range', 'suction_pressure_psi is not from 20 to 200'): (F.when(~F.isnan('suction_pressure_psi'), F.col('suction_pressure_psi')) < 20) | (F.when(~F.isnan('suction_pressure_psi'), F.col('suction_pressure_psi')) > 200),
        (23, 'accuracy', 'discharge_pressure_psi_range', 'discharge_pressure_psi is not from 500 to 1500'): (F.when(~F.isnan('discharge_pressure_psi'), F.col('discharge_pressure_psi')) < 500) | (F.when(~F.isnan('discharge_pressure_psi'), F.col('discharge_pressure_psi')) > 1500),
        (24, 'uniqueness', 'unique_key', 'another row has the same compressor_id and timestamp'): F.col('_repeated'),
        (25, 'validity', 'no_future_times', 'timestamp is in the future'): F.col('timestamp') > _now,
        (26, 'validity', 'pressure rises', 'not discharge_pressure_psi > suction_pressure_psi'): ~F.expr('discharge_pressure_psi > suction_pressure_psi'),
    }
    _failing = (
        _numbered
        .crossJoin(F.broadcast(_totals.select(
            F.coalesce(F.when(F.col('rows') > 0, 100.0 * F.col('missing_1') / F.col('rows')) > 5, F.lit(False)).alias('_too_many_1'),
            F.coalesce(F.when(F.col('rows') > 0, 100.0 * F.col('missing_2') / F.col('rows')) > 5, F.lit(False)).alias('_too_many_2'),
            F.coalesce(F.when(F.col('rows') > 0, 100.0 * F.col('missing_3') / F.col('rows')) > 5, F.lit(False)).alias('_too_many_3'),
            F.coalesce(F.when(F.col('rows') > 0, 100.0 * F.col('missing_4') / F.col('rows')) > 5, F.lit(False)).alias('_too_many_4'),
            F.coalesce(F.when(F.col('rows') > 0, 100.0 * F.col('missing_5') / F.col('rows')) > 5, F.lit(False)).alias('_too_many_5'),
            F.coalesce(F.when(F.col('rows') > 0, 100.0 * F.col('missing_6') / F.col('rows')) > 5, F.lit(False)).alias('_too_many_6'),
            F.coalesce(F.when(F.col('rows') > 0, 100.0 * F.col('missing_7') / F.col('rows')) > 5, F.lit(False)).alias('_too_many_7'),
            F.coalesce(F.when(F.col('rows') > 0, 100.0 * F.col('missing_8') / F.col('rows')) > 5, F.lit(False)).alias('_too_many_8'),
            F.coalesce(F.when(F.col('rows') > 0, 100.0 * F.col('missing_9') / F.col('rows')) > 5, F.lit(False)).alias('_too_many_9'),
            F.coalesce(F.when(F.col('rows') > 0, 100.0 * F.col('missing_10') / F.col('rows')) > 5, F.lit(False)).alias('_too_many_10'),
            F.coalesce(F.when(F.col('rows') > 0, 100.0 * F.col('missing_11') / F.col('rows')) > 5, F.lit(False)).alias('_too_many_11'),
            F.coalesce(F.when(F.col('rows') > 0, 100.0 * F.col('missing_12') / F.col('rows')) > 5, F.lit(False)).alias('_too_many_12'),
            F.coalesce(F.when(F.col('rows') > 0, 100.0 * F.col('missing_13') / F.col('rows')) > 5, F.lit(False)).alias('_too_many_13'),
            F.coalesce(F.when(F.col('rows') > 0, 100.0 * F.col('missing_14') / F.col('rows')) > 5, F.lit(False)).alias('_too_many_14'),
            F.coalesce(F.when(F.col('rows') > 0, 100.0 * F.col('missing_15') / F.col('rows')) > 5, F.lit(False)).alias('_too_many_15'),
        )))
        .join(_repeated, (F.col('compressor_id') == F.col('_key_1')) & (F.col('timestamp') == F.col('_key_2')), 'left')
        .select(F.col('compressor_id'), F.col('timestamp'), F.col('vibration_mms'), F.col('discharge_temp_f'), F.col('suction_pressure_psi'), F.col('discharge_pressure_psi'), F.col('horsepower'), F.col('gas_flow_mcfd'), F.col('runtime_hours'), F.col('ingested_at'), F.col('source_file'), F.col('model'), F.col('install_date'), F.col('site'), F.col('location'), '_row', F.inline(F.filter(F.array(*[F.when(fails, F.struct(*[F.lit(value).alias(name) for value, name in zip(what, ['_place', 'dimension', 'check_name', 'reason'])])) for what, fails in _wrong.items()]), lambda one: one.isNotNull())))
    )
    _stale = (
        _numbered
        .join(F.broadcast(_fresh.where('is_stale').select(F.col('newest').alias('_newest'))), F.when(F.col('timestamp') <= _now, F.col('timestamp')).eqNullSafe(F.col('_newest')))
        .withColumn('_first', F.row_number().over(Window.partitionBy(F.lit(0)).orderBy('_row')))
        .where(F.col('_first') == 1)
        .select(F.col('compressor_id'), F.col('timestamp'), F.col('vibration_mms'), F.col('discharge_temp_f'), F.col('suction_pressure_psi'), F.col('discharge_pressure_psi'), F.col('horsepower'), F.col('gas_flow_mcfd'), F.col('runtime_hours'), F.col('ingested_at'), F.col('source_file'), F.col('model'), F.col('install_date'), F.col('site'), F.col('location'), '_row', *[F.lit(value).alias(name) for value, name in zip((0, 'freshness', 'freshness', 'the newest row is too old'), ['_place', 'dimension', 'check_name', 'reason'])])
    )
    quality_rejects = _failing.unionByName(_stale).orderBy('_place', '_row').drop('_place', '_row')
    return quality, quality_rejects


# The result is a table like any other, so it is kept like any other. A month of these rows shows
# the sensor that gets worse by half a per cent a day, which no single run would.
def quality_kept(spark: SparkSession, quality: DataFrame) -> DataFrame:
    """Append to lake.quality_history."""
    # The same rows are appended once: Delta keeps the name of what it applied.
    names = {f"`{name.replace('`', '``')}`": kind for name, kind in quality.dtypes}
    columns = [F.col(name).cast('string') if '<' in kind else F.col(name) for name, kind in names.items()]
    row = F.xxhash64(*columns, *[F.isnull(column) for column in columns]).cast('decimal(20,0)')
    applied = ' '.join(map(str, ['quality_kept', *quality.agg(F.count('*'), F.sum(row)).first()]))
    if spark.catalog.tableExists('lake.quality_history'):
        (
            quality.writeTo('lake.quality_history')
            .option('txnAppId', applied)
            .option('txnVersion', '0')
            .append()
        )
    else:
        (
            quality
            .writeTo('lake.quality_history')
            .using('delta')
            .option('txnAppId', applied)
            .option('txnVersion', '0')
            .create()
        )
    quality_kept = quality
    return quality_kept


# Gold: what can be acted upon
# ----------------------------
#
# Gold begins at silver’s table, as silver began at bronze’s.
def silver_rows(spark: SparkSession) -> DataFrame:
    """Read lake.silver_readings."""
    silver_rows = spark.read.table('lake.silver_readings')
    return silver_rows


# A single reading says little. What a mechanic asks is: how is it compared with an hour ago, is it
# getting worse, how fast? Each answer is a column, a *feature*.
def rates(silver_rows: DataFrame) -> DataFrame:
    """Rate of change per hour of vibration_mms and discharge_temp_f by timestamp per
    compressor_id.
    """
    _before = Window.partitionBy('compressor_id').orderBy(F.col('timestamp').asc_nulls_last(), F.col('_row'))
    _hours = F.nullif((F.unix_micros(F.col('timestamp').cast('timestamp')) - F.lag(F.unix_micros(F.col('timestamp').cast('timestamp'))).over(_before)) / 3600000000, F.lit(0.0))
    rates = (
        silver_rows
        .withColumn('_row', F.monotonically_increasing_id())
        .withColumns({
            'vibration_mms_rate_per_hour': (F.when(~F.isnan('vibration_mms'), F.col('vibration_mms')).cast('double') - F.lag(F.when(~F.isnan('vibration_mms'), F.col('vibration_mms')).cast('double')).over(_before)) / _hours,
            'discharge_temp_f_rate_per_hour': (F.when(~F.isnan('discharge_temp_f'), F.col('discharge_temp_f')).cast('double') - F.lag(F.when(~F.isnan('discharge_temp_f'), F.col('discharge_temp_f')).cast('double')).over(_before)) / _hours,
        })
        .orderBy('_row')
        .drop('_row')
    )
    return rates


# One reading may be a jolt. A *window* looks back from each reading over an hour, four hours, a
# day, and says what was usual there: mean, deviation, lowest and highest value, and the slope, in
# units per hour. A window goes by time, not by a number of rows: where readings are missing, an
# hour is still an hour. Two columns, three windows and five statistics are thirty features.
def rolled(rates: DataFrame) -> DataFrame:
    """Rolling mean, std, min, max, and slope of vibration_mms and discharge_temp_f over 1h, 4h,
    and 24h per compressor_id.
    """
    _last_1 = Window.partitionBy('compressor_id').orderBy('_micros').rangeBetween(-3600000000, 0)
    _last_2 = Window.partitionBy('compressor_id').orderBy('_micros').rangeBetween(-14400000000, 0)
    _last_3 = Window.partitionBy('compressor_id').orderBy('_micros').rangeBetween(-86400000000, 0)
    rolled = (
        rates
        .withColumn('_row', F.monotonically_increasing_id())
        .withColumn('_micros', F.unix_micros(F.col('timestamp').cast('timestamp')))
        .withColumns({
            '_hours': (F.col('_micros') - F.median('_micros').over(Window.partitionBy('compressor_id'))) / 3600000000,
            '_finite_1': F.when(F.col('_micros').isNotNull(), F.when(F.abs('vibration_mms') < float('inf'), F.col('vibration_mms')).cast('double')),
            '_finite_2': F.when(F.col('_micros').isNotNull(), F.when(F.abs('discharge_temp_f') < float('inf'), F.col('discharge_temp_f')).cast('double')),
        })
        .withColumns({
            'vibration_mms_1h_mean': F.avg('_finite_1').over(_last_1),
            'vibration_mms_1h_std': F.stddev('_finite_1').over(_last_1),
            'vibration_mms_1h_min': F.min('_finite_1').over(_last_1),
            'vibration_mms_1h_max': F.max('_finite_1').over(_last_1),
            'vibration_mms_1h_slope': F.regr_slope('_finite_1', '_hours').over(_last_1),
            'vibration_mms_4h_mean': F.avg('_finite_1').over(_last_2),
            'vibration_mms_4h_std': F.stddev('_finite_1').over(_last_2),
            'vibration_mms_4h_min': F.min('_finite_1').over(_last_2),
            'vibration_mms_4h_max': F.max('_finite_1').over(_last_2),
            'vibration_mms_4h_slope': F.regr_slope('_finite_1', '_hours').over(_last_2),
            'vibration_mms_24h_mean': F.avg('_finite_1').over(_last_3),
            'vibration_mms_24h_std': F.stddev('_finite_1').over(_last_3),
            'vibration_mms_24h_min': F.min('_finite_1').over(_last_3),
            'vibration_mms_24h_max': F.max('_finite_1').over(_last_3),
            'vibration_mms_24h_slope': F.regr_slope('_finite_1', '_hours').over(_last_3),
            'discharge_temp_f_1h_mean': F.avg('_finite_2').over(_last_1),
            'discharge_temp_f_1h_std': F.stddev('_finite_2').over(_last_1),
            'discharge_temp_f_1h_min': F.min('_finite_2').over(_last_1),
            'discharge_temp_f_1h_max': F.max('_finite_2').over(_last_1),
            'discharge_temp_f_1h_slope': F.regr_slope('_finite_2', '_hours').over(_last_1),
            'discharge_temp_f_4h_mean': F.avg('_finite_2').over(_last_2),
            'discharge_temp_f_4h_std': F.stddev('_finite_2').over(_last_2),
            'discharge_temp_f_4h_min': F.min('_finite_2').over(_last_2),
            'discharge_temp_f_4h_max': F.max('_finite_2').over(_last_2),
            'discharge_temp_f_4h_slope': F.regr_slope('_finite_2', '_hours').over(_last_2),
            'discharge_temp_f_24h_mean': F.avg('_finite_2').over(_last_3),
            'discharge_temp_f_24h_std': F.stddev('_finite_2').over(_last_3),
            'discharge_temp_f_24h_min': F.min('_finite_2').over(_last_3),
            'discharge_temp_f_24h_max': F.max('_finite_2').over(_last_3),
            'discharge_temp_f_24h_slope': F.regr_slope('_finite_2', '_hours').over(_last_3),
        })
        .drop('_micros', '_hours', '_finite_1', '_finite_2')
        .orderBy('_row')
        .drop('_row')
    )
    return rolled


# What a compressor does is to raise the pressure. By how much tells whether it still does.
def pressures(rolled: DataFrame) -> DataFrame:
    """Derive pressure_differential and pressure_ratio."""
    pressures = (
        rolled
        .withColumns({
            'pressure_differential': F.expr('discharge_pressure_psi - suction_pressure_psi'),
            'pressure_ratio': F.expr('discharge_pressure_psi / nullif(suction_pressure_psi, 0)'),
        })
    )
    return pressures


# A number becomes a word where somebody has to decide. The limits for vibration are the borders
# between zones B, C and D of ISO 10816 for a large machine; those for the temperature are the
# maker’s.
def judged(pressures: DataFrame) -> DataFrame:
    """Compare vibration_mms (warning above 4.5, critical above 7.1); discharge_temp_f (warning
    above 230, critical above 250); pressure_differential (warning below 850, critical below
    800).
    """
    judged = (
        pressures
        .withColumns({
            'vibration_mms_status': F.when(F.when(~F.isnan('vibration_mms'), F.col('vibration_mms')) > 7.1, 'critical').when(F.when(~F.isnan('vibration_mms'), F.col('vibration_mms')) > 4.5, 'warning').when(F.when(~F.isnan('vibration_mms'), F.col('vibration_mms')).isNotNull(), 'normal'),
            'discharge_temp_f_status': F.when(F.when(~F.isnan('discharge_temp_f'), F.col('discharge_temp_f')) > 250, 'critical').when(F.when(~F.isnan('discharge_temp_f'), F.col('discharge_temp_f')) > 230, 'warning').when(F.when(~F.isnan('discharge_temp_f'), F.col('discharge_temp_f')).isNotNull(), 'normal'),
            'pressure_differential_status': F.when(F.when(~F.isnan('pressure_differential'), F.col('pressure_differential')) < 800, 'critical').when(F.when(~F.isnan('pressure_differential'), F.col('pressure_differential')) < 850, 'warning').when(F.when(~F.isnan('pressure_differential'), F.col('pressure_differential')).isNotNull(), 'normal'),
        })
    )
    return judged


# The hour belongs to a reading as well: 200 °F at noon is summer, at four in the morning it is
# news.
def timed(judged: DataFrame) -> DataFrame:
    """Add hour_of_day, day_of_week, and is_weekend of timestamp."""
    timed = (
        judged
        .withColumns({
            'hour_of_day': F.hour('timestamp'),
            'day_of_week': F.dayofweek('timestamp'),
            'is_weekend': F.dayofweek('timestamp').isin(1, 7),
        })
    )
    return timed


def featured(timed: DataFrame) -> DataFrame:
    """Derive date."""
    featured = timed.withColumns({'date': F.expr('CAST(timestamp AS DATE)')})
    return featured


# Gold is partitioned by date: a folder for each day, so that whoever asks for yesterday reads one
# folder, not seven. And it grows with each delivery. But silver is everything that ever came, so to
# append it as it is would bring every old reading once more. What makes a reading that reading is
# its compressor and its time, and by these two gold is *merged*: readings that it doesn’t have are
# appended, those that it has are brought up to date. The second half is for readings that come
# late, for they change what the hours after them look like. However the readings were delivered,
# gold holds each once, with the figures that a single delivery would have given.
def gold(spark: SparkSession, featured: DataFrame) -> DataFrame:
    """Merge into lake.gold_features on compressor_id and timestamp, partitioned by date."""
    if spark.catalog.tableExists('lake.gold_features'):
        (
            DeltaTable.forName(spark, 'lake.gold_features').alias('target')
            .merge(featured.alias('source'), 'target.`compressor_id` = source.`compressor_id` AND target.`timestamp` = source.`timestamp`')
            .whenMatchedUpdateAll()
            .whenNotMatchedInsertAll()
            .execute()
        )
    else:
        featured.writeTo('lake.gold_features').using('delta').partitionedBy(F.col('date')).create()
    gold = featured
    return gold


# Whatever comes after reads gold, not the cells above.
def gold_rows(spark: SparkSession) -> DataFrame:
    """Read lake.gold_features."""
    gold_rows = spark.read.table('lake.gold_features')
    return gold_rows


# Many other tables are made from it. This one has a row for each compressor and hour.
def hourly(gold_rows: DataFrame) -> DataFrame:
    """Avg and max of vibration_mms; avg and max of discharge_temp_f; avg of pressure_differential;
    avg of gas_flow_mcfd per compressor_id, site, and hour of timestamp.
    """
    hourly = (
        gold_rows
        .groupBy(
            F.col('compressor_id'),
            F.col('site'),
            F.date_trunc('hour', 'timestamp').alias('timestamp'),
        )
        .agg(
            F.avg(F.when(~F.isnan('vibration_mms'), F.col('vibration_mms'))).alias('vibration_mms_avg'),
            F.max(F.when(~F.isnan('vibration_mms'), F.col('vibration_mms'))).alias('vibration_mms_max'),
            F.avg(F.when(~F.isnan('discharge_temp_f'), F.col('discharge_temp_f'))).alias('discharge_temp_f_avg'),
            F.max(F.when(~F.isnan('discharge_temp_f'), F.col('discharge_temp_f'))).alias('discharge_temp_f_max'),
            F.avg(F.when(~F.isnan('pressure_differential'), F.col('pressure_differential'))).alias('pressure_differential_avg'),
            F.avg(F.when(~F.isnan('gas_flow_mcfd'), F.col('gas_flow_mcfd'))).alias('gas_flow_mcfd_avg'),
        )
        .orderBy(F.col('compressor_id').asc_nulls_last(), F.col('site').asc_nulls_last(), F.col('timestamp').asc_nulls_last())
    )
    return hourly


# The chart “Vibration, the highest of each hour (mm/s)” of hourly is drawn in Lakebook.
#
# Eight lines breathe with the load of the day. Two climb, slowly and then faster, which is how
# bearings go.
#
# The chart “Discharge temperature, the highest of each hour (°F)” of hourly is drawn in Lakebook.
#
# The slope sees it first. On the fourth day no reading of the two has reached a limit, and over 24
# hours their vibration already rises several times as fast as that of any other.
def rising(spark: SparkSession, gold_rows: DataFrame) -> DataFrame:
    """The SQL cell rising."""
    gold_rows.createOrReplaceTempView('gold_rows')
    rising = spark.sql("""
SELECT compressor_id, round(vibration_mms_24h_slope * 1000) / 1000 AS rises_per_hour, vibration_mms_status
FROM gold_rows
WHERE timestamp = TIMESTAMP '2024-01-04 12:00:00'
ORDER BY vibration_mms_24h_slope DESC, compressor_id NULLS LAST
LIMIT 3
""")
    return rising


# And this is what it came to.
def worst(spark: SparkSession, gold_rows: DataFrame) -> DataFrame:
    """The SQL cell worst."""
    gold_rows.createOrReplaceTempView('gold_rows')
    worst = spark.sql("""
SELECT compressor_id, site, count(*) FILTER (WHERE vibration_mms_status = 'critical') AS critical_readings,
  min(timestamp) FILTER (WHERE vibration_mms_status <> 'normal') AS first_warning, round(max(vibration_mms) * 100) / 100 AS worst_vibration
FROM gold_rows
GROUP BY ALL
HAVING count(*) FILTER (WHERE vibration_mms_status <> 'normal') > 0
ORDER BY critical_readings DESC
""")
    return worst


# `COMP-003` and `COMP-007`. A table doesn’t ring, though. And 166 critical readings are one alarm,
# not 166: somebody who is called too often stops coming. So an alert asks for three of five
# readings beyond the limit before it is raised, for a value that is well back before it is over,
# and for four quiet hours before the next.
def alerts(gold_rows: DataFrame) -> DataFrame:
    """Alert when vibration_mms is above 4.5 (critical: 7.1) or discharge_temp_f is above 230
    (critical: 250) in 3 of 5 readings, cooldown 4h, per compressor_id.
    """
    _readings_1 = (
        gold_rows
        .select(
            F.col('compressor_id').alias('sensor'),
            F.col('timestamp').cast('timestamp').alias('time'),
            F.when(~F.isnan('vibration_mms'), F.col('vibration_mms')).cast('double').alias('value'),
        )
        .dropna(subset=['time', 'value'])
        .groupBy('sensor', 'time')
        .agg(F.max('value').alias('value'))
        .withColumn('past', F.col('value') > 4.5)
    )
    _in_time = Window.partitionBy('sensor').orderBy('time')
    _past_ones = Window.partitionBy('sensor', 'past').orderBy('time')
    _count = F.sum(F.col('past').cast('int')).over(_in_time.rowsBetween(-4, 0))
    _back = F.col('value') <= 4
    _signalled_1 = (
        _readings_1
        .withColumn('signal', F.when(_count >= 3, 1).when(_back, 0))
        .withColumns(
            {'since': F.lag('time', 2).over(_past_ones), 'nth': F.row_number().over(_past_ones), 'peak': F.max('value').over(_past_ones.rowsBetween(-2, 0))},
        )
    )
    _states_1 = (
        _signalled_1
        .withColumn('state', F.last('signal', ignorenulls=True).over(_in_time.rowsBetween(Window.unboundedPreceding, 0)))
        .withColumn('cleared_at', F.min(F.when(F.col('signal') == 0, F.col('time'))).over(_in_time.rowsBetween(1, Window.unboundedFollowing)))
    )
    _spells_1 = (
        _states_1
        .where(F.col('past') & (F.col('state') == 1))
        .groupBy('sensor', 'cleared_at')
        .agg(
            F.min('time').alias('timestamp'),
            F.min_by('value', 'time').alias('value'),
            F.min('since').alias('since'),
            F.max('peak').alias('peak_value'),
            (F.max('nth') - F.min('nth') + 3).cast('bigint').alias('readings'),
            F.max('nth').alias('last_nth'),
        )
    )
    _in_order = Window.partitionBy('sensor').orderBy('timestamp')
    _pause = F.unix_micros('timestamp') - F.unix_micros(F.lag('cleared_at').over(_in_order))
    _since_last = F.col('last_nth') - F.lag('last_nth').over(_in_order)
    _joined_1 = (
        _spells_1
        .withColumns({'fresh': F.coalesce(_pause >= 14400000000, F.lit(True)), 'since_last': _since_last})
        .withColumn('counted', F.when(F.col('fresh'), F.col('readings')).otherwise(F.least('readings', 'since_last')))
        .withColumn('alert', F.sum(F.col('fresh').cast('int')).over(_in_order))
        .groupBy('sensor', 'alert')
        .agg(
            F.min_by('value', 'timestamp').alias('value'),
            F.min_by('since', 'timestamp').alias('since'),
            F.when(F.count('*') == F.count('cleared_at'), F.max('cleared_at')).alias('cleared_at'),
            F.max('peak_value').alias('peak_value'),
            F.sum('counted').alias('readings'),
            F.min('timestamp').alias('timestamp'),
        )
    )
    _alerts_1 = (
        _joined_1
        .select(
            'timestamp',
            'sensor',
            F.lit('vibration_mms').alias('metric'),
            'value',
            'peak_value',
            F.when(F.col('peak_value') > 7.1, F.lit(7.1)).otherwise(F.lit(4.5)).alias('threshold'),
            F.when(F.col('peak_value') > 7.1, F.lit('critical')).otherwise(F.lit('warning')).alias('severity'),
            'since',
            'cleared_at',
            'readings',
        )
    )
    _readings_2 = (
        gold_rows
        .select(
            F.col('compressor_id').alias('sensor'),
            F.col('timestamp').cast('timestamp').alias('time'),
            F.when(~F.isnan('discharge_temp_f'), F.col('discharge_temp_f')).cast('double').alias('value'),
        )
        .dropna(subset=['time', 'value'])
        .groupBy('sensor', 'time')
        .agg(F.max('value').alias('value'))
        .withColumn('past', F.col('value') > 230)
    )
    _in_time = Window.partitionBy('sensor').orderBy('time')
    _past_ones = Window.partitionBy('sensor', 'past').orderBy('time')
    _count = F.sum(F.col('past').cast('int')).over(_in_time.rowsBetween(-4, 0))
    _back = F.col('value') <= 225
    _signalled_2 = (
        _readings_2
        .withColumn('signal', F.when(_count >= 3, 1).when(_back, 0))
        .withColumns(
            {'since': F.lag('time', 2).over(_past_ones), 'nth': F.row_number().over(_past_ones), 'peak': F.max('value').over(_past_ones.rowsBetween(-2, 0))},
        )
    )
    _states_2 = (
        _signalled_2
        .withColumn('state', F.last('signal', ignorenulls=True).over(_in_time.rowsBetween(Window.unboundedPreceding, 0)))
        .withColumn('cleared_at', F.min(F.when(F.col('signal') == 0, F.col('time'))).over(_in_time.rowsBetween(1, Window.unboundedFollowing)))
    )
    _spells_2 = (
        _states_2
        .where(F.col('past') & (F.col('state') == 1))
        .groupBy('sensor', 'cleared_at')
        .agg(
            F.min('time').alias('timestamp'),
            F.min_by('value', 'time').alias('value'),
            F.min('since').alias('since'),
            F.max('peak').alias('peak_value'),
            (F.max('nth') - F.min('nth') + 3).cast('bigint').alias('readings'),
            F.max('nth').alias('last_nth'),
        )
    )
    _in_order = Window.partitionBy('sensor').orderBy('timestamp')
    _pause = F.unix_micros('timestamp') - F.unix_micros(F.lag('cleared_at').over(_in_order))
    _since_last = F.col('last_nth') - F.lag('last_nth').over(_in_order)
    _joined_2 = (
        _spells_2
        .withColumns({'fresh': F.coalesce(_pause >= 14400000000, F.lit(True)), 'since_last': _since_last})
        .withColumn('counted', F.when(F.col('fresh'), F.col('readings')).otherwise(F.least('readings', 'since_last')))
        .withColumn('alert', F.sum(F.col('fresh').cast('int')).over(_in_order))
        .groupBy('sensor', 'alert')
        .agg(
            F.min_by('value', 'timestamp').alias('value'),
            F.min_by('since', 'timestamp').alias('since'),
            F.when(F.count('*') == F.count('cleared_at'), F.max('cleared_at')).alias('cleared_at'),
            F.max('peak_value').alias('peak_value'),
            F.sum('counted').alias('readings'),
            F.min('timestamp').alias('timestamp'),
        )
    )
    _alerts_2 = (
        _joined_2
        .select(
            'timestamp',
            'sensor',
            F.lit('discharge_temp_f').alias('metric'),
            'value',
            'peak_value',
            F.when(F.col('peak_value') > 250, F.lit(250.0)).otherwise(F.lit(230.0)).alias('threshold'),
            F.when(F.col('peak_value') > 250, F.lit('critical')).otherwise(F.lit('warning')).alias('severity'),
            'since',
            'cleared_at',
            'readings',
        )
    )
    alerts = (
        _alerts_1
        .unionByName(_alerts_2)
        .withColumn('id', F.substring(F.md5(F.concat_ws('|', F.unix_micros('timestamp').cast('string'), 'metric', 'sensor')), 1, 16))
        .orderBy('timestamp', F.col('sensor').asc_nulls_last(), 'metric')
    )
    return alerts


# Here are the alerts where they were raised: a mark at the value that did it, in the colour of its
# severity, and behind it a band for as long as it was open. Two machines rang, and the other eight
# never did.
#
# The chart “Vibration and its alerts (mm/s)” of hourly is drawn in Lakebook.
#
# Did anybody know? There is a log of what was done to them, in another format, from another
# department, as it always is.
def log_(spark: SparkSession, path: Callable[[str], str]) -> tuple[DataFrame, DataFrame]:
    """Load maintenance-log.json."""
    lines = (
        spark.read
        .schema(
            '`compressor_id` string, `performed_on` string, `work` string, `technician` string, '
            '`runtime_hours` double, `notes` string, `_corrupt_record` string'
        )
        .option('columnNameOfCorruptRecord', '_corrupt_record')
        .json(path('maintenance-log.json'))
        .withColumn('_file', F.col('_metadata.file_name'))
        .cache()
    )
    failed = F.col('_corrupt_record').isNotNull()
    # Spark keeps the text of what it can’t read, but neither its line nor the reason.
    log__rejects = (
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
    log_ = (
        lines
        .where(~(failed))
        .select('compressor_id', 'performed_on', 'work', 'technician', 'runtime_hours', 'notes')
    )
    return log_, log__rejects


def last_visits(spark: SparkSession, worst: DataFrame, log_: DataFrame) -> DataFrame:
    """The SQL cell last_visits."""
    worst.createOrReplaceTempView('worst')
    log_.createOrReplaceTempView('log')
    last_visits = spark.sql("""
SELECT l.compressor_id, max(l.performed_on) AS last_visit, max_by(l.notes, l.performed_on) FILTER (WHERE l.notes IS NOT NULL) AS notes
FROM log AS l
SEMI JOIN worst AS w ON l.compressor_id = w.compressor_id
GROUP BY l.compressor_id
ORDER BY l.compressor_id NULLS LAST
""")
    return last_visits


# Somebody had heard it weeks before, and wrote it down where no query ever looked.
#
# PostgreSQL: for those who ask
# -----------------------------
#
# Gold lies in files that are made for reading millions of rows at once. A screen in a control room
# wants ten rows, now, and so do forty other people. That is what a relational database is for: by
# its keys and indexes it finds a row without reading the others, it answers in a millisecond, and
# every application knows how to ask it. So at the end the small tables, ready made, go to one. The
# lake stays the truth; the database can be made again from it on any day.
#
# The one here is PostgreSQL itself, compiled to run in a browser. The first cell that needs it
# fetches it from this site, some 16 MB, and starts it, which takes a few seconds. After that it is
# kept, and so are its tables.
def hourly_served(hourly: DataFrame) -> DataFrame:
    """Write to the PostgreSQL table sensor_readings_agg, updating on compressor_id and timestamp."""
    hourly_served = write_postgres(
            hourly,
            'sensor_readings_agg',
            {'compressor_id': 'text', 'site': 'text', 'timestamp': 'timestamp without time zone', 'vibration_mms_avg': 'double precision', 'vibration_mms_max': 'double precision', 'discharge_temp_f_avg': 'double precision', 'discharge_temp_f_max': 'double precision', 'pressure_differential_avg': 'double precision', 'gas_flow_mcfd_avg': 'double precision'},
            keys=('compressor_id', 'timestamp',),
            indexes=('timestamp',),
        )
    return hourly_served


# The key says which row is which: a compressor has one row for an hour. PostgreSQL refuses a second
# one, so a rerun doesn’t insert, it updates what is there and inserts the rest: an *upsert*, all in
# one transaction. Whoever asks meanwhile gets the old rows or the new ones, never half of them. The
# key is an index too, for questions about a compressor; a second one, by time, is for questions
# about a moment.
#
# The `id` of an alert is made from its sensor, its metric and its time, so the same alert has the
# same one on every run. A quality check is known by the time of its run and its name.
def alerts_served(alerts: DataFrame) -> DataFrame:
    """Write to the PostgreSQL table alert_history, updating on id."""
    alerts_served = write_postgres(
            alerts,
            'alert_history',
            {'timestamp': 'timestamp without time zone', 'sensor': 'text', 'metric': 'text', 'value': 'double precision', 'peak_value': 'double precision', 'threshold': 'double precision', 'severity': 'text', 'since': 'timestamp without time zone', 'cleared_at': 'timestamp without time zone', 'readings': 'bigint', 'id': 'text'},
            keys=('id',),
            indexes=('sensor', 'timestamp',),
        )
    return alerts_served


def quality_served(quality: DataFrame) -> DataFrame:
    """Write to the PostgreSQL table data_quality_metrics, updating on run_at and check_name."""
    quality_served = write_postgres(
            quality,
            'data_quality_metrics',
            {'run_at': 'timestamp without time zone', 'table_name': 'text', 'dimension': 'text', 'check_name': 'text', 'column_name': 'text', 'observed': 'double precision', 'threshold': 'double precision', 'unit': 'text', 'passed': 'boolean', 'rows_failing': 'bigint', 'rows_checked': 'bigint', 'expected': 'text', 'found': 'text'},
            keys=('run_at', 'check_name',),
            indexes=('dimension',),
        )
    return quality_served


# A `psql` cell asks PostgreSQL, in its own SQL. `DISTINCT ON` is one of its inventions: the first
# row for each compressor, in an order that puts the latest hour first.
def latest(spark: SparkSession, hourly_served: DataFrame) -> DataFrame:
    """The PostgreSQL cell latest."""
    latest = read_postgres(spark, """
SELECT DISTINCT ON (compressor_id) compressor_id, site, timestamp,
  round(vibration_mms_max::numeric, 2) AS vibration_mms, round(discharge_temp_f_max::numeric, 1) AS discharge_temp_f
FROM sensor_readings_agg
ORDER BY compressor_id, timestamp DESC
""", {'vibration_mms': 'decimal(38,2)', 'discharge_temp_f': 'decimal(38,1)'})
    return latest


# What is wrong at this moment, and what was it like in the hour in which it began? A lake would
# read both tables for that. Here the key of the one is looked up for each row of the other.
def still_open(spark: SparkSession, hourly_served: DataFrame, alerts_served: DataFrame) -> DataFrame:
    """The PostgreSQL cell still_open."""
    still_open = read_postgres(spark, """
SELECT a.sensor, a.metric, a.severity, a.timestamp AS raised_at,
  round(h.vibration_mms_avg::numeric, 2) AS vibration_then, round(h.discharge_temp_f_avg::numeric, 1) AS temperature_then
FROM alert_history AS a
JOIN sensor_readings_agg AS h ON h.compressor_id = a.sensor AND h.timestamp = date_trunc('hour', a.timestamp)
WHERE a.cleared_at IS NULL
ORDER BY a.timestamp, a.metric
""", {'vibration_then': 'decimal(38,2)', 'temperature_then': 'decimal(38,1)'})
    return still_open


# And is what they are looking at worth looking at? The figures of quality stand beside it.
def scores(spark: SparkSession, quality_served: DataFrame) -> DataFrame:
    """The PostgreSQL cell scores."""
    scores = read_postgres(spark, """
SELECT dimension, count(*) AS checks, count(*) FILTER (WHERE passed) AS passed, round(100 * avg(passed::int), 1) AS score
FROM data_quality_metrics
WHERE run_at = (SELECT max(run_at) FROM data_quality_metrics)
GROUP BY dimension
ORDER BY dimension
""", {'score': 'decimal(38,1)'})
    return scores


# The tables stand under **PostgreSQL** in the sidebar, from where they leave as SQL: `psql -f`
# loads it into any PostgreSQL server from version 14 on.
#
# What to take along
# ------------------
#
# - Bronze keeps what came, silver what can be believed, gold what can be acted upon. Each is made
#   from the one before, and from nothing else.
# - Append where history matters, overwrite where everything can be made again, merge where rows
#   have a key, and let a second run find its own traces.
# - Rows that are refused are kept, with their reason. A pipeline that drops silently is wrong
#   silently.
# - Measure a machine against itself.
# - Quality is a number with a date. An alert is a sentence to a person.
# - Keep in the lake, serve from a database.
#
# Try next
# --------
#
# - Set `now` to 2044. Which readings come back, and where do they turn up in the chart?
# - Point `quality` at `typed` instead of silver. Which checks fail, and which of the cells between
#   the two mends each of them?
# - In `plausible`, take the line `by` out, and lower `deviations` until the first reading of
#   `COMP-003` is emptied. Which readings of the others are emptied by then?
# - Send the file again under another name: load it, stamp it, append it. Bronze has twice the rows,
#   and silver, and gold?
# - Leave with it: **Export** gives the whole notebook as a PySpark job. `--skip-bronze`,
#   `--skip-silver` and `--skip-postgres` leave out the cells under those headings, so that gold can
#   be run alone on what the lake holds.

CELLS: list[Cell] = [
    Cell('raw', raw, takes=('@spark', '@path'), gives=('raw', 'raw_rejects'), layer='bronze'),
    Cell('stamped', stamped, takes=('raw',), gives=('stamped',), layer='bronze'),
    Cell('arrived', arrived, takes=('stamped',), gives=('arrived',), layer='bronze'),
    Cell('bronze', bronze, takes=('@spark', 'arrived'), gives=('bronze',), layer='bronze'),
    Cell('bronze_rows', bronze_rows, takes=('@spark',), gives=('bronze_rows',), live=True, layer='silver'),
    Cell('typed', typed, takes=('bronze_rows',), gives=('typed', 'typed_rejects'), layer='silver'),
    Cell('valid', valid, takes=('typed',), gives=('valid', 'valid_rejects'), layer='silver'),
    Cell('quarantined', quarantined, takes=('@spark', 'valid_rejects'), gives=('quarantined',), layer='silver'),
    Cell('once', once, takes=('valid',), gives=('once',), layer='silver'),
    Cell('null_rates', null_rates, takes=('@spark', 'once'), gives=('null_rates',), layer='silver'),
    Cell('plausible', plausible, takes=('@params', 'once'), gives=('plausible',), layer='silver'),
    Cell('fleet', fleet, takes=('@spark', '@path'), gives=('fleet', 'fleet_rejects'), layer='silver'),
    Cell('located', located, takes=('plausible', 'fleet'), gives=('located',), layer='silver'),
    Cell('silver', silver, takes=('@spark', 'located'), gives=('silver',), layer='silver'),
    Cell('silver_checked', silver_checked, takes=('@spark',), gives=('silver_checked',), live=True),
    Cell('quality', quality, takes=('silver_checked',), gives=('quality', 'quality_rejects')),
    Cell('quality_kept', quality_kept, takes=('@spark', 'quality'), gives=('quality_kept',)),
    Cell('silver_rows', silver_rows, takes=('@spark',), gives=('silver_rows',), live=True, layer='gold'),
    Cell('rates', rates, takes=('silver_rows',), gives=('rates',), layer='gold'),
    Cell('rolled', rolled, takes=('rates',), gives=('rolled',), layer='gold'),
    Cell('pressures', pressures, takes=('rolled',), gives=('pressures',), layer='gold'),
    Cell('judged', judged, takes=('pressures',), gives=('judged',), layer='gold'),
    Cell('timed', timed, takes=('judged',), gives=('timed',), layer='gold'),
    Cell('featured', featured, takes=('timed',), gives=('featured',), layer='gold'),
    Cell('gold', gold, takes=('@spark', 'featured'), gives=('gold',), layer='gold'),
    Cell('gold_rows', gold_rows, takes=('@spark',), gives=('gold_rows',), live=True, layer='gold'),
    Cell('hourly', hourly, takes=('gold_rows',), gives=('hourly',), layer='gold'),
    Cell('rising', rising, takes=('@spark', 'gold_rows'), gives=('rising',), layer='gold'),
    Cell('worst', worst, takes=('@spark', 'gold_rows'), gives=('worst',), layer='gold'),
    Cell('alerts', alerts, takes=('gold_rows',), gives=('alerts',), layer='gold'),
    Cell('log', log_, takes=('@spark', '@path'), gives=('log', 'log_rejects'), layer='gold'),
    Cell('last_visits', last_visits, takes=('@spark', 'worst', 'log'), gives=('last_visits',), layer='gold'),
    Cell('hourly_served', hourly_served, takes=('hourly',), gives=('hourly_served',), layer='postgres'),
    Cell('alerts_served', alerts_served, takes=('alerts',), gives=('alerts_served',), layer='postgres'),
    Cell('quality_served', quality_served, takes=('quality',), gives=('quality_served',), layer='postgres'),
    Cell('latest', latest, takes=('@spark', 'hourly_served'), gives=('latest',), layer='postgres', psql=True),
    Cell('still_open', still_open, takes=('@spark', 'hourly_served', 'alerts_served'), gives=('still_open',), layer='postgres', psql=True),
    Cell('scores', scores, takes=('@spark', 'quality_served'), gives=('scores',), layer='postgres', psql=True),
]

PARAMS: dict[str, Any] = {'deviations': 4}

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
    builder = SparkSession.builder.appName('compressors_bronze_silver_gold')
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
