"""Runs the PySpark jobs that Lakebook writes, in one session, and gives the rows of their cells."""
import io
import json
import logging
import os
import re
import shutil
import tempfile
import traceback

import nbformat

import canonical
import spark_engine

# As the jobs name them.
DRIVERS = ('org.postgresql:postgresql:42.7.7', 'org.xerial:sqlite-jdbc:3.50.3.0', 'org.duckdb:duckdb_jdbc:1.4.3.0')


class Engine(spark_engine.Engine):
    def __init__(self, jars):
        ivy = os.path.join(jars, '..', '..', '..', 'postgres-ivy')
        spark_engine.settings |= {'spark.jars.packages': ','.join(DRIVERS), 'spark.jars.ivy': os.path.realpath(ivy)}
        super().__init__(jars)

    def job(self, text, folder, tables, written=False, argv=(), before=(), postgres=None):
        """Runs a job as spark-submit does, but for the session, and gives the tables that it has.

        `before` are statements for the session that the job finds; `postgres` is where PostgreSQL is, as libpq's environment, and without it the job leaves that out. Unless `written`, the rows are taken where the job would write them to Parquet, which takes longer than all else.
        """
        output, lake = (tempfile.mkdtemp(prefix=f'lakebook-{name}-') for name in ('output', 'lake'))
        kept, said = {}, io.StringIO()
        space = {'__name__': 'lakebook_job'}
        log = logging.StreamHandler(said)
        logging.getLogger().handlers = [log]
        logging.getLogger().setLevel(logging.INFO)
        self.compiles(written)
        known = dict(os.environ)
        os.environ.update(postgres or {})
        try:
            named = re.findall(r'--packages ([\w.:,-]+)', text)
            if unknown := [name for names in named for name in names.split(',') if not name.startswith('io.delta:') and name not in DRIVERS]:
                raise ValueError(f'The job names {unknown}, and is tried with {DRIVERS}.')
            for statement in before:
                self.spark.sql(statement)
            exec(compile(text, 'job.py', 'exec'), space)
            if not written:
                space['keep'] = lambda frame, folder: keep(frame, folder, kept)
                space['read_back'] = lambda spark, output, name: spark.createDataFrame(*kept[name]).persist()
            code = outcome(space['main'], ['--input', folder, '--output', output, *(['--lake', lake] if "add_argument('--lake'" in text else []), *(['--skip-postgres'] if postgres is None and "add_argument('--skip-postgres'" in text else []), *argv])
            if written:
                kept = {name: self.spark.read.parquet(os.path.join(output, name)) for name in os.listdir(output)}
                kept = {name: (frame.toArrow(), frame.schema) for name, frame in kept.items()}
            return {'code': code, 'said': said.getvalue()[-4000:], 'tables': {name: described(*kept[name]) for name in tables if name in kept}}
        except Exception:
            return {'code': -1, 'said': said.getvalue()[-2000:] + traceback.format_exc()[-4000:], 'tables': {}}
        finally:
            os.environ.clear()
            os.environ.update(known)
            self.spark.catalog.clearCache()
            self.spark.sql('DROP SCHEMA IF EXISTS lake CASCADE')
            for view in self.spark.sql('SHOW VIEWS').collect():
                if view.isTemporary:
                    self.spark.catalog.dropTempView(view.viewName)
            for made in (output, lake):
                shutil.rmtree(made, ignore_errors=True)

    def compiles(self, whether):
        """Spark's own code generation: worth its time for a shipped notebook's rows, not for an example's."""
        self.spark.conf.set('spark.sql.codegen.wholeStage', str(whether).lower())
        self.spark.conf.set('spark.sql.codegen.factoryMode', 'FALLBACK' if whether else 'NO_CODEGEN')

    def notebook(self, text, folder, tables):
        """Validates a Jupyter notebook and runs its cells in order, as a kernel does; gives the tables of its variables."""
        nbformat.validate(nbformat.reads(text, as_version=4))
        lake = tempfile.mkdtemp(prefix='lakebook-lake-')
        space = {'__name__': '__main__'}
        self.compiles(True)
        try:
            for place, cell in enumerate(json.loads(text)['cells']):
                if cell['cell_type'] != 'code':
                    continue
                exec(compile(cell['source'], f'cell {place + 1}', 'exec'), space)
                if 'parameters' in cell['metadata'].get('tags', []):
                    space.update(input_folder=folder, lake_folder=lake)
            # A cell's variable has an underscore behind its name where a step uses the name for something else.
            found = {name: space.get(f'{name}_', space.get(name)) for name in tables}
            return {name: described(frame.toArrow(), frame.schema) for name, frame in found.items() if frame is not None}
        finally:
            self.spark.catalog.clearCache()
            self.spark.sql('DROP SCHEMA IF EXISTS lake CASCADE')
            shutil.rmtree(lake, ignore_errors=True)

    def parquet(self, folder, tables):
        """The tables that a job wrote."""
        frames = {name: self.spark.read.parquet(os.path.join(folder, name)) for name in tables if os.path.exists(os.path.join(folder, name))}
        return {name: described(frame.toArrow(), frame.schema) for name, frame in frames.items()}


def keep(frame, folder, kept):
    frame.persist()
    kept[os.path.basename(folder)] = (frame.toArrow(), frame.schema)
    return kept[os.path.basename(folder)][0].num_rows


def outcome(main, argv):
    try:
        return main(argv)
    except SystemExit as exit:
        return exit.code


def described(table, schema):
    return {'columns': [{'name': field.name, 'type': field.dataType.simpleString()} for field in schema], 'rows': canonical.rows(table)}
