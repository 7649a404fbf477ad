"""Writes the SQLite databases of tests/fixtures/bad, which tests/fixtures/expectations.ts describes: python3 tests/tools/make-sqlite-fixtures.py"""

import random
import sqlite3
from pathlib import Path

folder = Path(__file__).parent.parent / 'fixtures' / 'bad'


def database(name: str, script: str, journal: str = 'delete') -> None:
    path = folder / name
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.execute('PRAGMA page_size = 1024')
    connection.execute(f'PRAGMA journal_mode = {journal}')
    connection.executescript(script)
    connection.commit()
    connection.close()


database(
    'several.sqlite',
    """
    CREATE TABLE readings (id INTEGER PRIMARY KEY, sensor TEXT, temperature REAL, taken TIMESTAMP, day DATE, is_ok BOOLEAN, raw BLOB, price DECIMAL(10, 2), twice REAL AS (temperature * 2));
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
    INSERT INTO readings SELECT i, 'S' || (i % 3), i / 8.0, datetime('2024-02-01', '+' || i || ' minutes') || '.000001', date('2024-02-01', '+' || i || ' days'), i % 2, x'00ff', i * 1.25 FROM n;
    UPDATE readings SET sensor = NULL, temperature = NULL, taken = NULL, day = NULL, is_ok = NULL, raw = NULL, price = NULL WHERE id = 4;
    UPDATE readings SET taken = '2024-02-29T12:00:00.5+02:00' WHERE id = 2;
    CREATE TABLE misfits (id INTEGER PRIMARY KEY, n INT, x REAL, d DATE, t TEXT);
    INSERT INTO misfits VALUES (1, 1, 1.5, '2024-02-29', 'fine'), (2, 'two', 1.5, '2024-02-29', 'a'), (3, 3, 'warm', '2024-02-29', 'b'),
      (4, 4, 4, '2023-02-29', 'c'), (5, 5.5, 5, '2024-02-29', 'd'), (6, 6, 6, 1706745600, 'e'), (7, 7, 7, NULL, x'ff'), (8, 9223372036854775807, 8, '2024-12-31', NULL);
    CREATE TABLE pairs (a TEXT, b INTEGER, PRIMARY KEY (a, b)) WITHOUT ROWID;
    INSERT INTO pairs VALUES ('x', 2), ('x', 1), ('w', 'none');
    CREATE TABLE "odd ""table" ("select" INTEGER, "a.b", "rowid" TEXT);
    INSERT INTO "odd ""table" VALUES (1, 2, 'own'), (2, 2.5, NULL);
    CREATE VIEW warm AS SELECT id, temperature, temperature * 9 / 5 + 32 AS fahrenheit FROM readings WHERE temperature >= 4;
    CREATE TABLE empty (id INTEGER, anything);
    """,
    journal='wal',
)
database('no-tables.sqlite3', 'CREATE TABLE gone (id); DROP TABLE gone')
database('one-table-in-sqlite.db', "CREATE TABLE kept (id INTEGER); INSERT INTO kept VALUES (1), (2)")
database('broken-view.sqlite', 'CREATE TABLE t (a); CREATE VIEW v AS SELECT b FROM t; DROP TABLE t')
# What SQLCipher writes has no header: pages of noise.
(folder / 'encrypted.sqlite').write_bytes(random.Random(7).randbytes(4096))
(folder / 'text.sqlite').write_text('id,value\n1,2\n')
