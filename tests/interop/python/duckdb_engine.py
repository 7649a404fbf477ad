"""DuckDB with its Delta extension, signed by DuckDB as ever, from a package that carries it."""
import glob
import os

import duckdb
import duckdb_extension_delta

import canonical


class Engine:
    def __init__(self):
        self.connection = duckdb.connect()
        [extension] = glob.glob(os.path.join(os.path.dirname(duckdb_extension_delta.__file__), '**', 'delta.duckdb_extension'), recursive=True)
        self.connection.execute(f"LOAD '{extension}'")
        self.versions = f'DuckDB {duckdb.__version__}'

    def read(self, path, versions, times):
        return {'versions': {version: self.version(path, version) for version in versions}}

    def version(self, path, version):
        self.connection.execute(f"ATTACH '{path}' AS attached (TYPE delta, VERSION {version})")
        try:
            relation = self.connection.sql('SELECT * FROM attached')
            return {'columns': [{'name': name, 'type': str(type)} for name, type in zip(relation.columns, relation.types)], 'rows': canonical.rows(relation.to_arrow_table())}
        finally:
            self.connection.execute('DETACH attached')
