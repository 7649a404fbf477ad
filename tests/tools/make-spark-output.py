"""Writes tests/fixtures/spark-output/output as a job on Spark does, for the cells of the notebook beside it, each in plain PySpark
written by hand: Snappy Parquet in several parts, one of them without rows, timestamps as INT96, and a Delta table with a deletion vector.

  python make-spark-output.py JARS    # with pyspark 4.0 and a folder of Delta's jars, such as .cache/interop/spark40/ivy/jars
"""

import glob
import os
import pathlib
import shutil
import sys

from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F

folder = pathlib.Path(__file__).parent.parent / "fixtures" / "spark-output" / "output"
jars = [jar for jar in glob.glob(os.path.join(sys.argv[1], "*.jar")) if "log4j" not in jar and "slf4j" not in jar]
spark = (
    SparkSession.builder.master("local[2]")
    .config("spark.jars", ",".join(jars))
    .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
    .config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog")
    .config("spark.sql.session.timeZone", "UTC")
    .config("spark.sql.shuffle.partitions", "3")
    .config("spark.sql.adaptive.enabled", "false")
    .config("spark.ui.enabled", "false")
    .getOrCreate()
)
shutil.rmtree(folder, ignore_errors=True)


def write(name, frame):
    frame.write.parquet(str(folder / name))


i = F.col("id")
start = F.lit("2024-02-01 00:00:00").cast("timestamp")
readings = spark.range(200).select(
    "id",
    F.concat(F.lit("s-"), i % 5).alias("sensor"),
    F.timestamp_micros(F.unix_micros(start) + i * 600000001).alias("at"),
    F.date_add(F.lit("2024-02-01").cast("date"), (i / 50).cast("int")).alias("day"),
    F.when(i % 20 == 3, None).when(i % 20 == 7, float("nan")).otherwise(20 + (i % 37) / 7.0).alias("temperature"),
    (i * F.lit("1.25").cast("decimal(3,2)")).cast("decimal(10,2)").alias("price"),
    (i % 3 == 0).alias("ok"),
    F.array(i.cast("int"), F.lit(None).cast("int")).alias("tags"),
    F.struct(F.lit("roof").alias("site"), (i % 4).cast("int").alias("floor")).alias("place"),
)
write("readings", readings.repartition(3, "sensor"))
write("checked", readings.filter("id >= 10").repartition(2))
rejects = readings.filter("id < 10").withColumn("rule", F.lit("id_range"))
write("checked_rejects", rejects.withColumn("reason", F.lit("id is below 10")))
known = readings.filter("id >= 10").withColumn("t", F.when(~F.isnan("temperature"), F.col("temperature")))
write(
    "by_sensor",
    known.repartition(3).groupBy("sensor").agg(
        F.avg("t").alias("temperature_avg"),
        F.stddev("t").alias("temperature_stddev"),
        F.sum("id").alias("id_sum"),
        F.count("id").alias("id_count"),
        F.sum("price").alias("price_sum"),
    ),
)
write("nothing", readings.filter("id < 0").select("id", "sensor"))

kept = str(folder / "kept")
spark.conf.set("spark.databricks.delta.properties.defaults.enableDeletionVectors", "true")
readings.filter("id % 2 = 0 OR id = 5").select("id", "sensor", "at").coalesce(1).write.format("delta").save(kept)
spark.sql(f"DELETE FROM delta.`{kept}` WHERE id = 5")

points = spark.range(60).select("id", ((i % 3) * 10 + (i % 7) / 10.0).alias("x"), ((i % 3) * 5 + (i % 5) / 10.0).alias("y"))
write("points", points.coalesce(1))
# The three groups lie far apart, so k-means finds just these; the numbers are another engine's.
cluster = Window.partitionBy("cluster")
offset = lambda axis: F.pow(F.col(axis) - F.avg(axis).over(cluster), 2)
grouped = points.withColumn("cluster", ((i + 1) % 3).cast("int")).withColumn("distance", F.sqrt(offset("x") + offset("y")))
write("grouped", grouped.coalesce(1))
for checksum in list(folder.rglob("*.crc")):
    checksum.unlink()
spark.stop()
