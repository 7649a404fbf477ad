"""Clean a sensor file

Five room sensors wrote two weeks of temperature and humidity into one CSV file, and it is a mess in
all the ordinary ways. Step by step you make a table of it that you can trust, and keep it as
Parquet.

Written by Lakebook from the notebook of that name, for Spark 4. The rows of every cell go to a
folder of its name in --output, as Parquet. Run it with

    spark-submit clean_a_sensor_file.py --input data --output output

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
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

log = logging.getLogger('clean_a_sensor_file')


class Cell(NamedTuple):
    """A cell of the notebook: what its function takes, and the tables that it gives."""

    name: str
    run: Callable[..., Any]
    takes: tuple[str, ...]
    gives: tuple[str, ...]


# Clean a sensor file
# -------------------
#
# Five room sensors wrote two weeks of temperature and humidity into one CSV file, and it is a mess
# in all the ordinary ways. Step by step you make a table of it that you can trust, and keep it as
# Parquet.
#
# You will learn
#
# - to load a file without guessing, and without losing the lines that can’t be read;
# - to turn text into timestamps;
# - to tell a reading that was sent twice from two readings;
# - to find what a broken sensor says, and to fill the gaps it leaves;
# - to summarise by the hour, and to measure what a good type saves.
#
# Press **Run all** and read along. It all happens in this tab; the file goes nowhere.
#
# Load what arrived
# -----------------
#
# The first table holds what arrived and nothing more. In a lakehouse that layer is called *bronze*:
# whatever you do later, you can always come back to it. So the types are named here, not guessed,
# and `timestamp` stays text until we have looked at it.
def raw(spark: SparkSession, path: Callable[[str], str]) -> tuple[DataFrame, DataFrame]:
    """Load sensors.csv."""
    lines = (
        spark.read
        .schema(
            '`sensor_id` string, `timestamp` string, `temperature` double, `humidity` double, '
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
    raw = lines.where(~(failed)).select('sensor_id', 'timestamp', 'temperature', 'humidity')
    return raw, raw_rejects


# That is 10,256 readings. Seven lines of the file were none, and they are not gone: `raw_rejects`
# has each with its line number and the reason. They are worth reading, because they tell what the
# logger does on a bad day.
def unreadable(spark: SparkSession, raw_rejects: DataFrame) -> DataFrame:
    """The SQL cell unreadable."""
    raw_rejects.createOrReplaceTempView('raw_rejects')
    unreadable = spark.sql("""
SELECT * EXCEPT (file, column_name)
FROM raw_rejects
ORDER BY line NULLS LAST
""")
    return unreadable


# Text is not time
# ----------------
#
# `2024-03-04T00:10:00` looks like a time, but so far it is nineteen characters. Text can’t be asked
# for its hour, and nothing stops it from being nonsense. `cast` reads it by a pattern, in the
# letters that Spark uses; what stands in quotes, the `T`, stands for itself.
#
# Six readings were sent before the logger had set its clock. They say `0000-00-00T00:00:00`, no
# such moment exists, and they go to `typed_rejects`.
def typed(raw: DataFrame) -> tuple[DataFrame, DataFrame]:
    """Cast timestamp to timestamp."""
    tried = (
        raw
        .withColumn('timestamp cast', F.try_to_timestamp(F.trim(F.col('timestamp')), F.lit("yyyy-MM-dd'T'HH:mm:ss")))
    )
    failed = (F.coalesce((F.trim(F.col('timestamp')) != ''), F.lit(False)) & F.col('timestamp cast').isNull())
    typed = (
        tried
        .filter(~failed)
        .withColumn('timestamp', F.col('timestamp cast'))
        .drop('timestamp cast')
    )
    typed_rejects = (
        tried
        .filter(failed)
        .withColumns(
            {
                'column': F.coalesce(F.when((F.coalesce((F.trim(F.col('timestamp')) != ''), F.lit(False)) & F.col('timestamp cast').isNull()), F.lit('timestamp'))),
                'value': F.coalesce(F.when((F.coalesce((F.trim(F.col('timestamp')) != ''), F.lit(False)) & F.col('timestamp cast').isNull()), F.col('timestamp').cast('string'))),
                'reason': F.concat_ws('; ', F.when((F.coalesce((F.trim(F.col('timestamp')) != ''), F.lit(False)) & F.col('timestamp cast').isNull()), F.lit("timestamp is no timestamp (yyyy-MM-dd'T'HH:mm:ss)"))),
            },
        )
        .drop('timestamp cast')
    )
    return typed, typed_rejects


# One reading, once
# -----------------
#
# A logger that hears no answer sends its line again. A gateway that was offline replays its whole
# buffer. The first gives exact copies; the second does not, for this gateway’s buffer keeps one
# decimal only, so its 90 copies look like new readings. What makes two rows the same reading is not
# that they look alike but that they share a *key*: which sensor, and when. We keep the first, which
# has all its digits.
def readings(typed: DataFrame) -> DataFrame:
    """Drop duplicates on sensor_id and timestamp, keep the first."""
    readings = (
        typed
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
    return readings


# 10,080 rows remain: 5 sensors × 14 days × 144 readings a day. When you can say beforehand how many
# rows there must be, say it. There is no better test.
#
# Look before you mend
# --------------------
#
# The chart “Temperature, as sent (°C)” of readings is drawn in Lakebook.
#
# Two straight rows of dots belong to no room. 85 °C is what this kind of sensor (a DS18B20) says
# when it has just got power and measured nothing yet; −127 °C is what its driver says when no
# sensor answers. Both are numbers, so they would pass for readings in every average.
#
# A fault is not weather
# ----------------------
#
# The z-score counts how many standard deviations a value is away from the mean. Take it *per
# sensor*: 4 °C is normal in the cold store and absurd in the server room. Whatever is more than
# `threshold` away (the parameter at the top of the page) becomes null. We drop the value, not the
# row, since the humidity of that minute is still good.
def checked(params: argparse.Namespace, readings: DataFrame) -> DataFrame:
    """Empty temperature where it is more than 3 standard deviations away per sensor_id."""
    _value_1 = F.when(F.abs('temperature') < float('inf'), F.col('temperature'))
    _fences = (
        readings
        .groupBy(F.col('sensor_id').alias('_by_1'))
        .agg(
            (F.avg(_value_1) - params.threshold * F.nullif(F.stddev(_value_1), F.lit(0.0))).alias('_low_1'),
            (F.avg(_value_1) + params.threshold * F.nullif(F.stddev(_value_1), F.lit(0.0))).alias('_high_1'),
        )
    )
    _out_1 = F.coalesce((F.when(~F.isnan('temperature'), F.col('temperature')) < F.col('_low_1')) | (F.when(~F.isnan('temperature'), F.col('temperature')) > F.col('_high_1')), F.lit(False))
    checked = (
        readings
        .join(F.broadcast(_fences), F.col('sensor_id').eqNullSafe(F.col('_by_1')), 'left')
        .withColumns({'temperature': F.when(~_out_1, F.col('temperature'))})
        .drop('_by_1', '_low_1', '_high_1')
    )
    return checked


# **What changed** shows the 50 values: every 85 and every −127.
#
# Fill the gaps
# -------------
#
# Now the missing values: blanks, `NaN`, and the faults we have just taken out. The mean is the
# plainest guess, and it depends on what came before. Had the copies stayed in, some readings would
# count twice; had the faults stayed in, the cold store would be filled with 4.45 °C instead of
# 4.28. And again per sensor, or the cold store would be filled with the warmth of the other rooms.
def cleaned(checked: DataFrame) -> DataFrame:
    """Fill temperature and humidity with the mean per sensor_id."""
    _guesses = (
        checked
        .groupBy(F.col('sensor_id').alias('_by_1'))
        .agg(
            F.avg(F.when(F.abs('temperature') < float('inf'), F.col('temperature'))).cast('double').alias('_guess_1'),
            F.avg(F.when(F.abs('humidity') < float('inf'), F.col('humidity'))).cast('double').alias('_guess_2'),
        )
    )
    cleaned = (
        checked
        .join(F.broadcast(_guesses), F.col('sensor_id').eqNullSafe(F.col('_by_1')), 'left')
        .withColumns({
            'temperature': F.coalesce(F.when(~F.isnan('temperature'), F.col('temperature')), F.col('_guess_1')),
            'humidity': F.coalesce(F.when(~F.isnan('humidity'), F.col('humidity')), F.col('_guess_2')),
        })
        .drop('_by_1', '_guess_1', '_guess_2')
    )
    return cleaned


# A filled value is a guess that no longer looks like one. It adds nothing to what you know, and it
# makes the readings look a little steadier than they were. Fill when what comes next can’t do
# without.
#
# Hour by hour
# ------------
#
# Six readings an hour are more than most questions need. `aggregate` puts each timestamp into its
# hour, and Spark would call that hour a *tumbling window*.
def hourly(cleaned: DataFrame) -> DataFrame:
    """Avg, max, min, stddev, and count of temperature; avg of humidity per sensor_id and hour of
    timestamp.
    """
    hourly = (
        cleaned
        .groupBy(F.col('sensor_id'), F.date_trunc('hour', 'timestamp').alias('timestamp'))
        .agg(
            F.avg(F.when(~F.isnan('temperature'), F.col('temperature'))).alias('temperature_avg'),
            F.max(F.when(~F.isnan('temperature'), F.col('temperature'))).alias('temperature_max'),
            F.min(F.when(~F.isnan('temperature'), F.col('temperature'))).alias('temperature_min'),
            F.stddev(F.when(~F.isnan('temperature'), F.col('temperature'))).alias('temperature_stddev'),
            F.count(F.when(~F.isnan('temperature'), F.col('temperature'))).alias('temperature_count'),
            F.avg(F.when(~F.isnan('humidity'), F.col('humidity'))).alias('humidity_avg'),
        )
        .orderBy(F.col('sensor_id').asc_nulls_last(), F.col('timestamp').asc_nulls_last())
    )
    return hourly


# The chart “Hourly mean temperature (°C)” of hourly is drawn in Lakebook.
#
# The same two weeks, and now they speak: the office and the workshop warm up on working days and
# rest at the weekend, the greenhouse follows the sun, the cold store keeps its 4 °C.
#
# Keep it
# -------
#
# Choose **Export …** in the menu of the cell `cleaned`, and there Parquet. A CSV file would forget
# what you have just taught it; Parquet keeps the types with the values, and this table takes about
# a sixth of the room. Spark, DuckDB and pandas read it as it is.
#
# What was the timestamp worth?
# -----------------------------
#
# Every question about time begins with the timestamp. As text it has to be parsed again, in every
# row, for every question. Is that worth the trouble of a conversion? Measure it.
#
# Two weeks are too little to time, so lay them end to end 26 times: a year of five sensors, 262,080
# readings. The year is made up; the work it takes is not. Here it is with real timestamps, and then
# as text, the way it came.
def year_typed(spark: SparkSession, cleaned: DataFrame) -> DataFrame:
    """The SQL cell year_typed."""
    cleaned.createOrReplaceTempView('cleaned')
    year_typed = spark.sql("""
SELECT sensor_id, timestamp + make_dt_interval(14 * CAST(fortnight AS INT)) AS timestamp, temperature
FROM cleaned CROSS JOIN range(26) AS fortnights(fortnight)
""")
    return year_typed


def year_as_text(spark: SparkSession, year_typed: DataFrame) -> DataFrame:
    """The SQL cell year_as_text."""
    year_typed.createOrReplaceTempView('year_typed')
    year_as_text = spark.sql("""
SELECT sensor_id, date_format(timestamp, 'yyyy-MM-dd\\'T\\'HH:mm:ss') AS timestamp, temperature
FROM year_typed
""")
    return year_as_text


# How warm is each room at each hour of a working day? **Before**, with text: each row is parsed
# once to find its weekday and once to find its hour.
def question_to_text(spark: SparkSession, year_as_text: DataFrame) -> DataFrame:
    """The SQL cell question_to_text."""
    year_as_text.createOrReplaceTempView('year_as_text')
    question_to_text = spark.sql("""
SELECT sensor_id,
       hour(to_timestamp(timestamp, 'yyyy-M-d\\'T\\'H:m:s')) AS hour,
       round(avg(temperature) * 100) / 100 AS temperature
FROM year_as_text
WHERE weekday(to_timestamp(timestamp, 'yyyy-M-d\\'T\\'H:m:s')) + 1 <= 5
GROUP BY ALL
ORDER BY ALL NULLS LAST
""")
    return question_to_text


# **After**, with timestamps: weekday and hour are a division away.
def question_to_timestamps(spark: SparkSession, year_typed: DataFrame) -> DataFrame:
    """The SQL cell question_to_timestamps."""
    year_typed.createOrReplaceTempView('year_typed')
    question_to_timestamps = spark.sql("""
SELECT sensor_id,
       hour(timestamp) AS hour,
       round(avg(temperature) * 100) / 100 AS temperature
FROM year_typed
WHERE weekday(timestamp) + 1 <= 5
GROUP BY ALL
ORDER BY ALL NULLS LAST
""")
    return question_to_timestamps


# Now look at the times of these two cells, at the right of their headings. The question is the
# same, and so is the answer: no row of one is missing in the other.
def rows_that_differ(spark: SparkSession, question_to_text: DataFrame, question_to_timestamps: DataFrame) -> DataFrame:
    """The SQL cell rows_that_differ."""
    question_to_text.createOrReplaceTempView('question_to_text')
    question_to_timestamps.createOrReplaceTempView('question_to_timestamps')
    rows_that_differ = spark.sql("""
SELECT count(*) AS rows_that_differ
FROM (
  (SELECT * FROM question_to_text EXCEPT SELECT * FROM question_to_timestamps)
  UNION ALL
  (SELECT * FROM question_to_timestamps EXCEPT SELECT * FROM question_to_text)
)
""")
    return rows_that_differ


# Only the work differs, several times over, and it would come back with every further question. The
# conversion is done once.
#
# Try next
# --------
#
# - In `checked`, set `method: mad`, and `threshold` to 3.5. The faults inflate the very standard
#   deviation that they are judged by, so nine smaller spikes slip under it; a median is not so
#   easily impressed. Then try 3: which honest readings does it take for faults, and why in the
#   office?
# - In `cleaned`, set `method: linear` and look at the chart of a single day. Which guess is better,
#   and why?
# - Drop a file of your own on the page, and write its name into `raw`.
# - Then open *Sensors: from raw to insight*.

CELLS: list[Cell] = [
    Cell('raw', raw, takes=('@spark', '@path'), gives=('raw', 'raw_rejects')),
    Cell('unreadable', unreadable, takes=('@spark', 'raw_rejects'), gives=('unreadable',)),
    Cell('typed', typed, takes=('raw',), gives=('typed', 'typed_rejects')),
    Cell('readings', readings, takes=('typed',), gives=('readings',)),
    Cell('checked', checked, takes=('@params', 'readings'), gives=('checked',)),
    Cell('cleaned', cleaned, takes=('checked',), gives=('cleaned',)),
    Cell('hourly', hourly, takes=('cleaned',), gives=('hourly',)),
    Cell('year_typed', year_typed, takes=('@spark', 'cleaned'), gives=('year_typed',)),
    Cell('year_as_text', year_as_text, takes=('@spark', 'year_typed'), gives=('year_as_text',)),
    Cell('question_to_text', question_to_text, takes=('@spark', 'year_as_text'), gives=('question_to_text',)),
    Cell('question_to_timestamps', question_to_timestamps, takes=('@spark', 'year_typed'), gives=('question_to_timestamps',)),
    Cell('rows_that_differ', rows_that_differ, takes=('@spark', 'question_to_text', 'question_to_timestamps'), gives=('rows_that_differ',)),
]

PARAMS: dict[str, Any] = {'threshold': 3}

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
    builder = SparkSession.builder.appName('clean_a_sensor_file')
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
