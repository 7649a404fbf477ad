"""delta-rs: the `deltalake` package, with rows made by DuckDB."""
import json
from datetime import datetime, timedelta, timezone

import deltalake
import duckdb
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

import canonical


class Engine:
    def __init__(self):
        self.versions = f'deltalake {deltalake.__version__}'

    def read(self, path, versions, times):
        return {
            'versions': {version: self.version(path, version) for version in versions},
            'at': [self.at(path, time) for time in times],
            'history': [
                {'version': commit['version'], 'operation': commit['operation'], 'timestamp': commit['timestamp'], 'metrics': commit.get('operationMetrics')}
                for commit in DeltaTable(path).history()
            ],
            'partitions': DeltaTable(path).metadata().partition_columns,
        }

    def version(self, path, version):
        table = DeltaTable(path, version=version)
        return {'schema': json.loads(table.schema().to_json()), 'rows': canonical.rows(arrow(table))}

    def at(self, path, milliseconds):
        table = DeltaTable(path)
        table.load_as_version(datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=milliseconds))
        return table.version()

    def change(self, path, steps):
        for step in steps:
            getattr(self, step.pop('do'))(path, **step)
        return DeltaTable(path).version()

    def append(self, path, sql, partition_by=None, mode='append'):
        write_deltalake(path, duckdb.sql(sql).to_arrow_table(), mode=mode, partition_by=partition_by)

    def optimize(self, path):
        DeltaTable(path).optimize.compact()

    def delete(self, path, where):
        DeltaTable(path).delete(where)

    def update(self, path, set, where):
        DeltaTable(path).update(updates=set, predicate=where)

    def merge(self, path, sql, on):
        source = duckdb.sql(sql).to_arrow_table()
        DeltaTable(path).merge(source, on, source_alias='s', target_alias='t').when_matched_update_all().when_not_matched_insert_all().execute()

    def restore(self, path, version):
        DeltaTable(path).restore(version)

    def checkpoint(self, path):
        DeltaTable(path).create_checkpoint()


def arrow(table):
    """Through delta-rs's own query engine: it reads deletion vectors and column mapping, which its PyArrow dataset does not."""
    return pa.table(deltalake.QueryBuilder().register('t', table).execute('SELECT * FROM t').read_all())
