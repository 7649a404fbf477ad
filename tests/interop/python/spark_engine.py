"""Apache Spark with Delta Lake, one session for all jobs."""
import glob
import json
import os
import shutil
import tempfile

import pyspark
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

import canonical

# The tables are tiny: compiling a query's code takes longer than running it.
settings = {
    'spark.driver.memory': '1g',
    'spark.driver.host': '127.0.0.1',
    'spark.driver.bindAddress': '127.0.0.1',
    'spark.driver.extraJavaOptions': '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC',
    'spark.ui.enabled': 'false',
    'spark.ui.showConsoleProgress': 'false',
    'spark.sql.extensions': 'io.delta.sql.DeltaSparkSessionExtension',
    'spark.sql.catalog.spark_catalog': 'org.apache.spark.sql.delta.catalog.DeltaCatalog',
    'spark.sql.session.timeZone': 'UTC',
    'spark.sql.shuffle.partitions': '1',
    'spark.sql.adaptive.enabled': 'false',
    'spark.sql.codegen.wholeStage': 'false',
    'spark.sql.codegen.factoryMode': 'NO_CODEGEN',
    'spark.databricks.delta.snapshotPartitions': '1',
}


class Engine:
    def __init__(self, jars):
        # A log4j of the jars' own would stand beside Spark's.
        paths = [path for path in glob.glob(os.path.join(jars, '*.jar')) if not any(name in path for name in ('log4j', 'slf4j'))]
        builder = SparkSession.builder.master('local[2]').config('spark.jars', ','.join(paths))
        builder = builder.config('spark.sql.warehouse.dir', tempfile.mkdtemp(prefix='lakebook-warehouse-'))
        for key, value in settings.items():
            builder = builder.config(key, value)
        self.spark = builder.getOrCreate()
        self.spark.sparkContext.setLogLevel('ERROR')
        self.made = {}
        self.versions = f'Spark {pyspark.__version__}'

    def read(self, path, versions, times):
        return {
            'versions': {version: self.version(path, version) for version in versions},
            'at': [self.at(path, time) for time in times],
            'history': [
                {'version': row.version, 'operation': row.operation, 'timestamp': round(row.timestamp.timestamp() * 1000), 'metrics': row.operationMetrics}
                for row in self.spark.sql(f'DESCRIBE HISTORY {table(path)}').select('version', 'operation', 'timestamp', 'operationMetrics').collect()
            ],
            'partitions': self.spark.sql(f'DESCRIBE DETAIL {table(path)}').first().partitionColumns,
        }

    def version(self, path, version):
        frame = self.load(path, versionAsOf=version)
        return {'schema': json.loads(frame.schema.json()), 'rows': canonical.rows(frame.toArrow())}

    def at(self, path, milliseconds):
        plan = self.load(path, timestampAsOf=iso(milliseconds))._jdf.queryExecution().analyzed()
        return plan.collectLeaves().head().relation().location().getSnapshot().version()

    def load(self, path, **options):
        return self.spark.read.format('delta').options(**options).load(path)

    def change(self, path, steps):
        """Statements with `{table}` for the table, or `checkpoint`; gives the version they lead to."""
        for step in steps:
            if step == 'checkpoint':
                self.spark._jvm.org.apache.spark.sql.delta.DeltaLog.forTable(self.spark._jsparkSession, path).checkpoint()
            else:
                self.spark.sql(step.replace('{table}', table(path))).collect()
        return self.spark.sql(f'DESCRIBE HISTORY {table(path)} LIMIT 1').first().version

    def create(self, path, steps):
        shutil.rmtree(path, ignore_errors=True)
        return self.change(path, steps)

    def attempt(self, path, create, rows=None, statement=None, options={}, mode='append', partition_by=[]):
        """Writes a query's rows as a DataFrame, or runs a statement, on a table made by `create`: the error is what is asked for.

        A refused write leaves the table as it was, so the next attempt on one made the same way takes it as it is.
        """
        if self.made.get(path) != create:
            self.create(path, create)
            self.made[path] = create
        if statement is not None:
            self.spark.sql(statement.replace('{table}', table(path))).collect()
        else:
            self.spark.sql(rows).write.format('delta').mode(mode).options(**options).partitionBy(*partition_by).save(path)
        del self.made[path]

    def queries(self, tables, queries):
        """The rows of queries over Parquet files, each under the name of a table; an error is told in a query's place."""
        for name, path in tables.items():
            frame = self.spark.read.parquet(path)
            local = [field.name for field in frame.schema.fields if field.dataType.typeName() == 'timestamp_ntz']
            frame.withColumns({column: frame[column].cast('timestamp') for column in local}).createOrReplaceTempView(name)
        return [self.query(query) for query in queries]

    def query(self, query):
        try:
            frame = self.spark.sql(query)
            return {'columns': frame.columns, 'rows': canonical.rows(frame.toArrow())}
        except Exception as error:
            return {'columns': [], 'rows': [], 'error': str(error)[:600]}

    def error_class(self, error):
        """Spark's name of the error and its SQLSTATE: of the first in the chain of causes that has them."""
        if isinstance(error, PySparkException) and error.getCondition() is not None:
            return {'code': error.getCondition(), 'sqlState': error.getSqlState()}
        cause = getattr(error, '_origin', None) or getattr(error, 'java_exception', None)
        while cause is not None:
            try:
                if cause.getErrorClass() is not None:
                    return {'code': cause.getErrorClass(), 'sqlState': cause.getSqlState(), 'message': cause.getMessage()}
            except Exception:
                pass
            cause = cause.getCause()
        return {}


def table(path):
    return f'delta.`{path}`'


def iso(milliseconds):
    return canonical.timestamp(milliseconds * 1000).replace('T', ' ')
