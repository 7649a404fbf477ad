"""What lake.mjs measures, by delta-rs: a job comes as JSON, medians in milliseconds go out."""
import json
import os
import statistics
import sys
import time

import deltalake
import duckdb
from deltalake import DeltaTable, write_deltalake


def main(folder, readings, rows, repeats, versions):
    table = duckdb.sql(readings).to_arrow_table()
    paths = [os.path.join(folder, f'bench_{i}') for i in range(repeats)]
    for path in paths:
        write_deltalake(path, table.slice(0, 0))
    small = os.path.join(folder, 'small')
    many = os.path.join(folder, 'many')
    figures = {
        'append': median(lambda path=path: write_deltalake(path, table, mode='append') for path in paths),
        'read': median(lambda path=path: read(path, table.num_rows) for path in paths),
        'commit': median(lambda row=row: write_deltalake(small, row, mode='append') for row in [duckdb.sql(row).to_arrow_table() for row in rows]),
        'open': median(lambda: opened(many, versions) for _ in range(repeats)),
    }
    print(json.dumps(figures | {'version': deltalake.__version__}))


def read(path, rows):
    assert DeltaTable(path).to_pyarrow_table().num_rows == rows


def opened(path, versions):
    assert DeltaTable(path).version() == versions - 1


def median(jobs):
    return statistics.median(timed(job) for job in jobs)


def timed(job):
    start = time.perf_counter()
    job()
    return (time.perf_counter() - start) * 1000


main(**json.load(sys.stdin))
